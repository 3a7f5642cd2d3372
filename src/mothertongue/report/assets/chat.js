"use strict";
// The chat page: sends the conversation of each model, appends streamed text as text nodes, nothing else.
(function () {
  const here = document.currentScript.dataset;
  const names = Array.from(document.querySelectorAll(".talk"), (part) => part.dataset.name);
  const talks = Array.from(document.querySelectorAll(".talk .turns"));
  const form = document.querySelector("form");
  const field = form.querySelector("textarea");
  const send = form.querySelector(".send");
  const stop = form.querySelector(".stop");
  const fresh = form.querySelector(".new");
  let histories = names.map(() => []);
  let running = null;

  function turn(index, who, text) {
    const box = document.createElement("div");
    const head = document.createElement("p");
    const body = document.createElement("p");
    box.className = "turn " + who;
    head.className = "side";
    head.textContent = who === "user" ? here.you : names[index];
    body.className = "words";
    body.dir = "auto";
    body.append(document.createTextNode(text));
    box.append(head, body);
    talks[index].append(box);
    box.scrollIntoView({ block: "nearest" });
    return { box: box, body: body, head: head };
  }
  function busy(state) {
    send.disabled = state;
    fresh.disabled = state;
    stop.hidden = !state;
  }
  function note(reason) {
    names.forEach((_, index) => turn(index, "problem", here.failed.replace("{reason}", reason)));
  }
  function read(line, answers) {
    const part = JSON.parse(line);
    const answer = answers[part.subject];
    if (part.text) {
      answer.text += part.text;
      answer.body.firstChild.data = answer.text;
    }
    if (part.error) {
      answer.box.classList.add("problem");
      answer.body.firstChild.data = here.failed.replace("{reason}", part.error);
    }
    if (part.done) {
      const time = document.createElement("span");
      time.className = "time";
      time.textContent = here.seconds.replace("{s}", part.seconds.toFixed(1));
      answer.head.append(time);
    }
  }
  async function receive(response, answers) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const step = await reader.read();
      rest += step.value || "";
      const lines = rest.split("\n");
      rest = lines.pop();
      lines.forEach((line) => read(line, answers));
      if (step.done) { return; }
    }
  }
  async function ask(prompt) {
    histories.forEach((history, index) => {
      history.push({ role: "user", content: prompt });
      turn(index, "user", prompt);
    });
    let answers = [];
    running = new AbortController();
    busy(true);
    try {
      const response = await fetch("chat", {
        method: "POST", headers: { "Content-Type": "application/json" }, signal: running.signal,
        body: JSON.stringify({ conversations: histories }),
      });
      if (!response.ok) {
        throw new Error(response.status === 413 ? here.limit : String(response.status));
      }
      answers = names.map((_, index) => Object.assign(turn(index, "assistant", ""), { text: "" }));
      await receive(response, answers);
    } catch (error) {
      if (error.name !== "AbortError") { note(error.message); }
    }
    histories.forEach((history, index) => {
      history.push({ role: "assistant", content: answers[index] ? answers[index].text : "" });
    });
    busy(false);
    field.focus();
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const prompt = field.value.trim();
    if (prompt && !send.disabled) {
      field.value = "";
      ask(prompt);
    }
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  stop.addEventListener("click", () => running && running.abort());
  fresh.addEventListener("click", () => {
    histories = names.map(() => []);
    talks.forEach((talk) => talk.replaceChildren());
    field.focus();
  });
  form.hidden = false;
  field.focus();
})();
