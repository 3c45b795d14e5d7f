// Of a page that a server gave: ask it for a newer one.

const EVERY = 4000; // milliseconds

class Live {
  constructor(app) {
    this.app = app;
    this.node = byId('live');
    this.node.hidden = false;
    this.etag = null;
    this.shown('live');
    setInterval(() => this.ask(), EVERY);
  }

  shown(text, gone = false) {
    this.node.textContent = text;
    this.node.classList.toggle('gone', gone);
  }

  async ask() {
    if (document.hidden || this.asking) return;
    this.asking = true;
    try {
      const answer = await fetch('/', { cache: 'no-store',
        headers: this.etag ? { 'If-None-Match': this.etag } : {} });
      if (answer.ok) await this.take(answer);
      if (answer.ok || answer.status === 304) {
        this.shown(`live, ${new Date().toLocaleTimeString()}`);
      }
    } catch (error) {
      this.shown('the server does not answer', true);
    }
    this.asking = false;
  }

  async take(answer) {
    const page = new DOMParser().parseFromString(await answer.text(),
      'text/html');
    const data = page.getElementById('data').textContent;
    this.etag = answer.headers.get('ETag');
    if (data !== this.data) await this.app.replace(data);
    this.data = data;
  }
}
