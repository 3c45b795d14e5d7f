"""A headless Chromium for tests, by its debugging protocol over two pipes:
nothing has to be installed for Python, and no port is open."""
import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
OPTIONS = ('--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run',
           '--disable-dev-shm-usage', '--hide-scrollbars',
           '--disable-background-networking', '--disable-extensions',
           '--remote-debugging-pipe')
PATIENCE = 30  # seconds


def executable():
    """Of a Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One process; pages are opened in it."""

    def __init__(self):
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

        def pipes():  # the protocol wants 3 and 4; they may be taken by ours
            ends = [os.dup(to_read), os.dup(to_write)]
            high = [os.dup2(end, 40 + i) for i, end in enumerate(ends)]
            for i, end in enumerate(high):
                os.dup2(end, 3 + i)

        self._process = subprocess.Popen([
            executable(), *OPTIONS, f'--user-data-dir={self._folder.name}',
            'about:blank'
        ],
                                         preexec_fn=pipes,
                                         close_fds=False,
                                         stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._ids = b'', itertools.count(1)
        self.events = []

    def send(self, method, session=None, **params):
        """Call a method and wait for what it gives."""
        number = next(self._ids)
        message = dict(id=number, method=method, params=params)
        if session:
            message['sessionId'] = session
        os.write(self._write, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._next()
            if answer.get('id') == number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']
            self.events.append(answer)

    def _next(self):
        end = time.monotonic() + PATIENCE
        while b'\0' not in self._buffer:
            ready, _, _ = select.select([self._read], [], [],
                                        end - time.monotonic())
            data = os.read(self._read, 1 << 16) if ready else b''
            if not data:
                raise RuntimeError('the browser does not answer')
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b'\0')
        return json.loads(message)

    def open(self, url, width=1280, height=900, dark=False, phone=False):
        """A new page, ready."""
        return Page(self, url, width, height, dark, phone)

    def close(self):
        self._process.terminate()
        self._process.wait(PATIENCE)
        os.close(self._write)
        os.close(self._read)
        self._folder.cleanup()


class Page:
    """A page of a browser.

    Attributes:
        errors: What its console and its policy complained about.
        requests: Addresses that were asked for.
    """

    def __init__(self, browser, url, width, height, dark, phone):
        self.browser = browser
        target = browser.send('Target.createTarget', url='about:blank')
        self._target = target['targetId']
        self._session = browser.send(
            'Target.attachToTarget', targetId=self._target,
            flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.send(f'{domain}.enable')
        self.send(
            'Emulation.setDeviceMetricsOverride',
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone)
        theme = dict(
            name='prefers-color-scheme', value='dark' if dark else 'light')
        self.send('Emulation.setEmulatedMedia', features=[theme])
        self.send('Page.navigate', url=url)
        self.wait("document.readyState === 'complete' && "
                  'Boolean(document.documentElement.dataset.ready)')

    def send(self, method, **params):
        return self.browser.send(method, self._session, **params)

    def run(self, script):
        """The value of an expression, also of a promise."""
        result = self.send(
            'Runtime.evaluate',
            expression=script,
            returnByValue=True,
            awaitPromise=True)
        if 'exceptionDetails' in result:
            raise RuntimeError(json.dumps(result['exceptionDetails'])[:800])
        return result['result'].get('value')

    def wait(self, condition):
        """Until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.run(condition):
            assert time.monotonic() < end, (condition, self.errors)
            time.sleep(0.05)

    def click(self, x, y):
        """At a place of the window."""
        for kind in ('mouseMoved', 'mousePressed', 'mouseReleased'):
            self.send(
                'Input.dispatchMouseEvent',
                type=kind,
                x=x,
                y=y,
                button='none' if kind == 'mouseMoved' else 'left',
                clickCount=1)

    def move(self, x, y):
        self.send('Input.dispatchMouseEvent', type='mouseMoved', x=x, y=y)

    def key(self, name):
        for kind in ('keyDown', 'keyUp'):
            self.send('Input.dispatchKeyEvent', type=kind, key=name, code=name)

    def screenshot(self, path, full=True):
        data = self.send(
            'Page.captureScreenshot', captureBeyondViewport=full)['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(
            self.send('Page.printToPDF', printBackground=True)['data'])

    @property
    def errors(self):
        self.run('1')  # whatever happened before is here then
        return [
            json.dumps(event['params'])[:600] for event in self._events()
            if event['method'] == 'Runtime.exceptionThrown' or (
                event['method'] == 'Log.entryAdded'
                and event['params']['entry']['level'] == 'error') or (
                    event['method'] == 'Runtime.consoleAPICalled'
                    and event['params']['type'] in ('error', 'warning'))
        ]

    @property
    def requests(self):
        return [
            event['params']['request']['url'] for event in self._events()
            if event['method'] == 'Network.requestWillBeSent'
        ]

    def _events(self):
        return [
            event for event in self.browser.events
            if event.get('sessionId') == self._session
        ]

    def close(self):
        self.browser.send('Target.closeTarget', targetId=self._target)
