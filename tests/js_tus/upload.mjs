// Uploads a file with the published tus-js-client and cuts the line twice on the way.
// Arguments: address, bearer token, file. Prints one JSON line with the receipt and how often it was cut.
import { createReadStream, statSync } from 'node:fs';
import { Upload } from 'tus-js-client';

const [endpoint, token, path] = process.argv.slice(2);
const size = statSync(path).size;
const cuts = [size * 0.3, size * 0.6];
let receipt = null;
let cut = 0;

/** One try; resolves with the upload's address, cut off or finished. */
function attempt(uploadUrl) {
  return new Promise((resolve, reject) => {
    const upload = new Upload(createReadStream(path), {
      endpoint, uploadUrl, uploadSize: size, chunkSize: 512 * 1024, retryDelays: null,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { filename: 'baustelle.jpg', filetype: 'image/jpeg' },
      onError: reject,
      onAfterResponse: (_, response) => {
        if (response.getBody()) receipt = JSON.parse(response.getBody());
      },
      onSuccess: () => resolve({ url: upload.url, done: true }),
      onProgress: (sent) => {
        if (cut >= cuts.length || sent < cuts[cut]) return;
        cut += 1;
        upload.abort().then(() => resolve({ url: upload.url, done: false }), reject);
      },
    });
    upload.start();
  });
}

let state = { url: undefined, done: false };
while (!state.done) state = await attempt(state.url);
console.log(JSON.stringify({ receipt, cuts: cut, url: state.url }));
