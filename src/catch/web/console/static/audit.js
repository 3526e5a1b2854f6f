// The slider over a page's facts: it says which one it stands at, and goes there. Without it there are links and a select.

function begin() {
  const slider = document.querySelector("[data-slider]");
  const choices = document.querySelector("[data-positions] select");
  if (!slider || !choices || !choices.options.length) return;
  const range = slider.querySelector("input");
  const says = slider.querySelector("[role=status]");
  const say = () => {
    const text = choices.options[range.value].text;
    says.textContent = text;
    choices.selectedIndex = Number(range.value);
    range.setAttribute("aria-valuetext", text);
  };
  range.addEventListener("input", say);
  range.addEventListener("change", () => {
    choices.form.requestSubmit();
  });
  say();
  slider.hidden = false;
}

begin();
document.addEventListener("catch:renewed", begin);
