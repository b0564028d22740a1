// The peer: sharp makes the same two JPEGs of every photo. Prints one JSON line of CPU seconds and pictures.
// node renditions.mjs <way> <rounds> <quality> <out folder> <long edge of screen> <photo>...
import sharp from "sharp";

const [way, rounds, quality, out, edge, ...photos] = process.argv.slice(2);
sharp.cache(false);
sharp.concurrency(1);

const inside = (pipeline, size) => pipeline.resize(size, size, { fit: "inside", withoutEnlargement: true });
const jpeg = (pipeline, lean) =>
  pipeline.jpeg({ quality: Number(quality), chromaSubsampling: "4:2:0", optimiseCoding: !lean });

async function separate(photo, lean) {
  return [
    await jpeg(inside(sharp(photo).autoOrient(), Number(edge)), lean).toBuffer(),
    await jpeg(inside(sharp(photo).autoOrient(), 400), lean).toBuffer(),
  ];
}

async function cloned(photo, lean) {
  const decoded = sharp(photo).autoOrient();
  return Promise.all([
    jpeg(inside(decoded.clone(), Number(edge)), lean).toBuffer(),
    jpeg(inside(decoded.clone(), 400), lean).toBuffer(),
  ]);
}

// As we do it: the small one from the pixels of the large one.
async function chained(photo, lean) {
  const { data, info } = await inside(sharp(photo).autoOrient(), Number(edge))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const screen = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  return [await jpeg(screen(), lean).toBuffer(), await jpeg(inside(screen(), 400), lean).toBuffer()];
}

const [name, coding] = way.split("-");
const make = { separate, cloned, chained }[name];
let pictures = [];
for (const photo of photos) await make(photo, coding === "lean"); // Warm: start-up is not what is compared.
const before = process.cpuUsage();
for (let round = 0; round < Number(rounds); round += 1) {
  for (const photo of photos) pictures.push(await make(photo, coding === "lean"));
}
const used = process.cpuUsage(before);
const { writeFile } = await import("node:fs/promises");
for (let at = 0; at < photos.length; at += 1) {
  await writeFile(`${out}/${at}.screen.jpg`, pictures[at][0]);
  await writeFile(`${out}/${at}.thumb.jpg`, pictures[at][1]);
}
console.log(JSON.stringify({ cpu_s: (used.user + used.system) / 1e6, pictures: pictures.length * 2 }));
