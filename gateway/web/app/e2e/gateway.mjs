// Starts the built program for a test, and ends it.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.SHARPEYES ?? new URL("../../../../bin/sharpeyes", import.meta.url).pathname;
const free = {
  SHARPEYES_HTTP_LISTEN: "127.0.0.1:0",
  SHARPEYES_RTSP_LISTEN: "127.0.0.1:0",
  SHARPEYES_NATS_LISTEN: "127.0.0.1:0",
};

export class Gateway {
  /** Runs the program with these arguments until it is ready. */
  static async start(args, env = {}, data) {
    const g = new Gateway();
    g.env = { ...process.env, ...free, ...env };
    g.data = data ?? (await mkdtemp(join(tmpdir(), "sharpeyes-page-")));
    g.args = args[0] === "demo" ? [...args, "--data-dir", g.data] : args;
    await g.run();
    return g;
  }

  async run() {
    this.said = "";
    this.process = spawn(program, this.args, {
      env: { ...this.env, SHARPEYES_DATA_DIR: this.data },
      stdio: ["ignore", "pipe", "pipe"],
      cwd: this.data,
    });
    this.ended = new Promise((done) => this.process.once("exit", done));
    this.process.stdout.on("data", (d) => (this.said += d));
    const address = await new Promise((ready, fail) => {
      this.process.stderr.on("data", (d) => {
        this.said += d;
        const found = /msg=ready http=(\S+) rtsp=(\S+)/.exec(this.said);
        if (found) ready(found[1]);
      });
      this.process.once("exit", (code) => fail(new Error(`it ended with ${code}\n${this.said}`)));
      setTimeout(() => fail(new Error(`it isn't ready\n${this.said}`)), 60_000).unref();
    });
    this.url = `http://${address}`;
    // After a restart it is where it was.
    this.env.SHARPEYES_HTTP_LISTEN = address;
  }

  /** Where the demo's cameras are told to misbehave. */
  get control() {
    return /http:\/\/\S+?(?=\/cameras)/.exec(this.said)?.[0];
  }

  async stop(signal = "SIGTERM") {
    this.process.kill(signal);
    await this.ended;
  }

  async end() {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  async ask(path, init) {
    const answer = await fetch(`${this.url}/api/v1${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }
}
