"""Tests of the report room, with an example report, attack texts, and a headless browser that only they use."""
