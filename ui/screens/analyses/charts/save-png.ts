import { type ChartColours, chartColours } from './chart-colours.ts';

const MARGIN = 20;
const TITLE_PIXELS = 34;
const FONT = 'system-ui, "Open Sans", sans-serif';

/** Saves the charts of an element as one picture, in the colours of the page. */
export async function savePng(element: HTMLElement, filename: string): Promise<void> {
  const figures = [...element.querySelectorAll<HTMLElement>('[data-chart]')];
  const pictures = await Promise.all(figures.map(pictureOf));
  const colours = chartColours(element);
  const ratio = devicePixelRatio;
  const width = Math.max(...pictures.map((picture) => picture.width));
  const height = pictures.reduce((sum, picture) => sum + picture.height + TITLE_PIXELS, 0);
  const canvas = document.createElement('canvas');
  canvas.width = (width + 2 * MARGIN) * ratio;
  canvas.height = (height + 2 * MARGIN) * ratio;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser cannot draw pictures.');
  context.scale(ratio, ratio);
  draw(context, pictures, colours, canvas);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The picture is too large for this browser.');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

interface Picture {
  readonly title: string;
  readonly image: CanvasImageSource;
  readonly width: number;
  readonly height: number;
}

function draw(
  context: CanvasRenderingContext2D,
  pictures: readonly Picture[],
  colours: ChartColours,
  { width, height }: HTMLCanvasElement,
): void {
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, width, height);
  let y = MARGIN;
  for (const picture of pictures) {
    context.fillStyle = colours.text;
    context.font = `600 15px ${FONT}`;
    context.fillText(picture.title, MARGIN, y + 16);
    context.drawImage(picture.image, MARGIN, y + TITLE_PIXELS, picture.width, picture.height);
    y += picture.height + TITLE_PIXELS;
  }
}

async function pictureOf(figure: HTMLElement): Promise<Picture> {
  const title = figure.querySelector('figcaption')?.textContent ?? '';
  const canvas = figure.querySelector('canvas');
  if (canvas) return { title, image: canvas, width: canvas.clientWidth, height: canvas.clientHeight };
  const svg = figure.querySelector('svg');
  if (!svg) throw new Error('The chart is not drawn yet.');
  const { clientWidth: width, clientHeight: height } = svg;
  return { title, image: await imageOf(svg), width, height };
}

/** A picture has no style sheet: what that says is written into the elements. */
async function imageOf(svg: SVGSVGElement): Promise<HTMLImageElement> {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const originals = svg.querySelectorAll('*');
  copy.querySelectorAll('*').forEach((element, index) => {
    const original = originals[index];
    if (!original) return;
    const { fill, fontSize, fontWeight } = getComputedStyle(original);
    element.setAttribute('fill', fill);
    if (original.tagName !== 'text') return;
    element.setAttribute('font-size', fontSize);
    element.setAttribute('font-weight', fontWeight);
    element.setAttribute('font-family', FONT.replaceAll('"', "'"));
  });
  const blob = new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' });
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await image.decode();
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return image;
}
