#!/usr/bin/env bash
# Fetches the help texts that recipes/gnome-help.yaml teaches from, with Debian's own package manager, into texts/.
#   recipes/fetch-help.sh nl
# gnome-user-docs: Mallard XML, 42 languages, CC BY-SA 3.0, 8.5 MB. libreoffice-help-LANG: HTML, MPL 2.0, 2 to 4 MB each.
# Nothing is installed: the packages are downloaded to a temporary folder and unpacked there.
set -euo pipefail
language="${1:?which language? for example: nl, fi, sl}"
here="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

fetch() { # PACKAGE: downloads and unpacks one package, fails if the archive has no such package
  (cd "$work" && apt-get download "$1" >/dev/null 2>&1 && dpkg-deb -x "$1"_*.deb unpacked)
}

place() { # FROM TO: replaces a folder of texts
  rm -rf "$2"
  mkdir -p "$(dirname "$2")"
  cp -r "$1" "$2"
}

fetch gnome-user-docs
place "$work/unpacked/usr/share/help/$language/gnome-help" "$here/texts/gnome-help/$language"
place "$work/unpacked/usr/share/help/C/gnome-help" "$here/texts/gnome-help/en"
fetch libreoffice-help-en-us
place "$work/unpacked/usr/share/libreoffice/help/en-US/text" "$here/texts/libreoffice-help/en"
if fetch "libreoffice-help-$language"; then
  place "$work/unpacked/usr/share/libreoffice/help/$language/text" "$here/texts/libreoffice-help/$language"
else
  echo "no libreoffice-help-$language in the archive: leave corpus.second_domain out" >&2
fi
du -sh "$here"/texts/*/*
