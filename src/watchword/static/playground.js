// The playground's project page: a button that copies what stands beside it. Everything else works without a script.

for (const holder of document.querySelectorAll(".play-copy")) {
  const source = holder.querySelector("pre");
  if (!source) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-secondary button-small play-copier";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  holder.append(button);
}
