// A person without a browser: follows redirects, keeps cookies, fills in forms. Plain fetch, no client library.

const attribute = (tag, name) => {
  const found = tag.match(new RegExp(`\\b${name}="([^"]*)"`))
  return found
    ? found[1].replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
    : undefined
}

export class Person {
  #cookies = new Map()

  constructor(username, password) {
    this.username = username
    this.password = password
  }

  async #fetch(url, init = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { accept: 'text/html', cookie, ...init.headers } })
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';')
      const at = pair.indexOf('=')
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  // Goes where `url` leads, signing in and consenting on the way, until a redirect leaves for `callback`.
  async visit(url, callback) {
    let next = new URL(url)
    let init = {}
    for (let step = 0; step < 12; step += 1) {
      const response = await this.#fetch(next, init)
      if (response.status === 303) {
        next = new URL(response.headers.get('location'), next)
        init = {}
        if (next.href.startsWith(callback)) return next
        continue
      }
      if (response.status !== 200) throw new Error(`${response.status} at ${next.pathname}`)
      const page = await response.text()
      const form = page.match(/<form[^>]*>/)?.[0]
      if (!form) throw new Error(`no form at ${next.pathname}`)
      const body = new URLSearchParams()
      for (const [tag] of page.matchAll(/<input[^>]*>/g)) {
        const name = attribute(tag, 'name')
        if (name) body.set(name, attribute(tag, 'value') ?? '')
      }
      if (body.has('password')) {
        body.set('username', this.username)
        body.set('password', this.password)
      }
      if (page.includes('id="consent-allow"')) body.set('decision', 'allow')
      init = { method: 'POST', body, headers: { origin: next.origin, 'sec-fetch-site': 'same-origin' } }
      next = new URL(attribute(form, 'action') || next.href, next)
    }
    throw new Error('too many steps')
  }
}
