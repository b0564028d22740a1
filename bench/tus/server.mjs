// The peer of bench/uploads.py: @tus/server with its file store, plus the steps our receipt promises.
// Arguments: port, folder.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const [port, folder] = process.argv.slice(2);
const parts = join(folder, 'parts');
const originals = join(folder, 'originals');
await mkdir(parts, { recursive: true });
await mkdir(originals, { recursive: true });

async function sync(path) {
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
}

const server = new Server({
  path: '/files',
  datastore: new FileStore({ directory: parts }),
  async onUploadFinish(_, upload) {
    const part = join(parts, upload.id);
    const hash = createHash('sha256');
    await pipeline(createReadStream(part, { highWaterMark: 1 << 20 }), hash);
    if (hash.digest('hex') !== upload.metadata.sha256) throw { status_code: 460, body: 'hash' };
    await sync(part);
    await rename(part, join(originals, upload.id));
    await sync(originals);
    return {};
  },
});
server.listen({ host: '127.0.0.1', port: Number(port) }, () => console.log('ready'));
