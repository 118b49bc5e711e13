// What is wrong with an open page for a reader: a list of the faulty texts or images for each kind of fault.
() => {
  const longestWord = 20; // it fits on a line of a phone
  const lettersInALine = 7;
  const smallest = 11; // px
  const leastContrast = 4.5; // WCAG 2.2, level AA

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode);
  const shown = texts.filter((node) => node.parentElement.checkVisibility());
  const said = (nodes) => nodes.map((node) => node.data.trim());

  const lines = (node, start, length) => {
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, start + length);
    return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
  };
  // an address has to break somewhere
  const words = (node) =>
    [...node.data.matchAll(/\S+/gu)]
      .filter(([run]) => !run.includes("://"))
      .flatMap((run) => [...run[0].matchAll(/[\p{L}\p{M}\p{N}]+/gu)].map((word) => [word[0], run.index + word.index]))
      .filter(([word]) => word.length <= longestWord);
  const brokenWords = shown.flatMap((node) =>
    words(node)
      .filter(([word, start]) => lines(node, start, word.length) > 1)
      .map(([word]) => word),
  );
  const narrow = (node) => {
    const length = node.data.trim().length;
    return length > longestWord && length / lines(node, 0, node.length) < lettersInALine;
  };

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (colour) => {
    const [red, green, blue] = [...painted(colour)].map((byte) => {
      const part = byte / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  // a mark of two kinds has both colours behind its text
  const behind = (element) => {
    const style = getComputedStyle(element);
    if (element.matches("mark") && style.backgroundImage !== "none") return style.backgroundImage.match(/rgb\([^)]*\)/g);
    if (painted(style.backgroundColor)[3] === 255 || !element.parentElement) return [style.backgroundColor];
    return behind(element.parentElement);
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const pale = ({ parentElement: element }) =>
    behind(element).some((colour) => contrast(getComputedStyle(element).color, colour) < leastContrast);

  const spoiled = (image) =>
    !image.complete ||
    !image.naturalWidth ||
    Math.abs((image.width * image.naturalHeight) / (image.height * image.naturalWidth) - 1) > 0.02;

  const beyond = (element) => element.getBoundingClientRect().right > window.innerWidth;
  const prose = [...document.querySelectorAll("h1, h2, h3, h4, p, dd, caption, figcaption")];
  // tables below each other need room between them; those beside each other need none
  const touching = (part) => {
    const above = part.previousElementSibling.getBoundingClientRect();
    const { top } = part.getBoundingClientRect();
    return top !== above.top && top - above.bottom < 12;
  };

  return {
    brokenWords,
    cutProse: prose.filter(beyond).map((element) => element.textContent),
    touchingTables: [...document.querySelectorAll(".wide + .wide")].filter(touching).map((part) => part.textContent),
    narrowCells: said(shown.filter((node) => node.parentElement.closest("td, th") && narrow(node))),
    smallTexts: said(shown.filter((node) => parseFloat(getComputedStyle(node.parentElement).fontSize) < smallest)),
    paleTexts: said(shown.filter(pale)),
    spoiledImages: [...document.images].filter(spoiled).map((image) => image.alt),
  };
}
