// The pages of messages: each form and button sends one request, and the page shows the result.

import { post } from "../lib/api.js";
import { all, one, put } from "../lib/dom.js";
import { onAction, run, start } from "../lib/page.js";

/** Send what a form holds; an answer with something that is shown once is shown, and not reloaded. */
async function submit(form) {
  const answer = await post(form.dataset.path, Object.fromEntries(new FormData(form)));
  if (answer === null) return location.reload();
  const shown = one("#once");
  for (const [name, value] of Object.entries(answer)) put(shown, name, value);
  shown.hidden = false;
  shown.focus();
  form.reset();
}

async function send({ dataset: { path } }) {
  await post(path, {});
  location.reload();
}

/** Ask the browser whether notifications may be shown; only this browser is told the answer. */
async function notifyOn() {
  const answer = await Notification.requestPermission();
  one("#notify-blocked").hidden = answer === "granted";
  if (answer === "granted") localStorage.setItem("notify", "1");
  showNotify();
}

function notifyOff() {
  localStorage.removeItem("notify");
  showNotify();
}

/** Offer what can be done: nothing on the page of webhooks, and in a browser without notifications. */
function showNotify() {
  if (!one("#notify-title") || !("Notification" in window)) return;
  const isOn = Boolean(localStorage.getItem("notify")) && Notification.permission === "granted";
  one("[data-action=notify-on]").hidden = isOn;
  one("[data-action=notify-off]").hidden = !isOn;
}

onAction({ send, "notify-on": notifyOn, "notify-off": notifyOff });
showNotify();
for (const button of all("[data-action=send]")) button.disabled = false;
for (const form of all("form[data-path]")) {
  const button = one("[type=submit]", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(button, () => submit(form));
  });
  button.disabled = false;
}
start();
