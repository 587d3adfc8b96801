/** Server-sent events: the `data` of each as JSON. https://html.spec.whatwg.org/multipage/server-sent-events.html */

export async function* serverSentData(bytes: AsyncIterable<Uint8Array>): AsyncGenerator {
  const decoder = new TextDecoder()
  let text = ''
  let data: string[] = []
  for await (const chunk of bytes) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    text = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield JSON.parse(data.join('\n'))
        data = []
      } else if (line.startsWith('data:')) {
        data.push(line.slice(line[5] === ' ' ? 6 : 5))
      }
    }
  }
}
