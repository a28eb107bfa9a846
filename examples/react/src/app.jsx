import { useChannel, useMesh } from 'nexus-mesh/react'
import { useEffect, useState } from 'react'

/** Who is logged in, as the site says; the mesh is joined with the login, and left with it. */
export function App() {
  const [user, setUser] = useState(null)
  useEffect(() => {
    fetch('/session')
      .then((response) => response.json())
      .then((session) => setUser(session.user))
  }, [])

  const logIn = async (event) => {
    event.preventDefault()
    const body = JSON.stringify(Object.fromEntries(new FormData(event.target)))
    const response = await fetch('/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    setUser((await response.json()).user)
  }
  const logOut = async () => {
    await fetch('/session', { method: 'DELETE' })
    setUser(null)
  }

  return (
    <>
      <h1>React in the mesh</h1>
      <Status user={user} />
      {user === null ? (
        <form onSubmit={logIn}>
          <input name="name" required pattern="[A-Za-z0-9]{1,64}" aria-label="Name" defaultValue="carl" />
          <button type="submit">Log in</button>
        </form>
      ) : (
        <>
          <News user={user} />
          <button type="button" onClick={logOut}>
            Log out
          </button>
        </>
      )}
    </>
  )
}

/** Another component with the same block: joined once for both. */
function Status({ user }) {
  const { nexus, status, error, retry } = useMesh(user && { name: user.uid })

  if (error !== undefined) {
    return (
      <p role="status">
        {error.message}{' '}
        <button type="button" onClick={retry}>
          Try again
        </button>
      </p>
    )
  }

  return <p role="status">{nexus === undefined ? 'Not in the mesh.' : `${nexus.identity.jid} is ${status.state}`}</p>
}

function News({ user }) {
  const { nexus } = useMesh({ name: user.uid })
  const [lines, setLines] = useState([])
  const error = useChannel(nexus, 'news', ({ body, from }) => setLines((old) => [`${from.uid}: ${body.text}`, ...old]))
  const multiply = async () => {
    const { result } = await nexus.api({ app: 'etest', cmd: 'multiply', body: { a: 6, b: 7 } })
    setLines((old) => [`6 × 7 = ${result}`, ...old])
  }

  return (
    <section>
      <button type="button" disabled={nexus === undefined} onClick={() => nexus.publish('news', { text: 'hello' })}>
        Publish
      </button>
      <button type="button" disabled={nexus === undefined} onClick={multiply}>
        Call multiply
      </button>
      {error && <p>{error.message}</p>}
      <ol>
        {lines.map((line, index) => (
          <li key={lines.length - index}>{line}</li>
        ))}
      </ol>
    </section>
  )
}
