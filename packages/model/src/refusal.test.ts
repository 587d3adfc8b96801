import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refusal } from './refusal.ts'
import { ACTIONS, type Action, isLegal } from './vps-action.ts'
import { VPS_STATES, type VpsState, isTransient } from './vps-state.ts'

const refused: readonly (readonly [Action, VpsState])[] = (Object.keys(ACTIONS) as Action[]).flatMap((action) =>
  VPS_STATES.filter((state) => !isLegal(action, state)).map((state) => [action, state] as const),
)

describe('a refusal', () => {
  it('says what cannot be done, to which VPS, and why', () => {
    assert.equal(refusal('start', 'web', 'running').message, 'cannot start VPS "web": it is running')
    assert.equal(refusal('exec', 'web', 'stopped').message, 'cannot run a command in VPS "web": it is stopped')
    assert.equal(refusal('set', 'web', 'creating').message, 'cannot change VPS "web": it is being created')
    assert.equal(refusal('suspend', 'web', 'failed').message, 'cannot suspend VPS "web": it has failed')
  })

  it('says what to do instead', () => {
    assert.equal(refusal('start', 'web', 'running').remedy, 'nothing to do; to boot it anew: "insula restart web"')
    assert.equal(refusal('start', 'web', 'suspended').remedy, 'resume it instead: "insula resume web"')
    assert.match(refusal('destroy', 'web', 'running').remedy, /"insula stop web".*"insula destroy --force web"/)
    assert.match(refusal('exec', 'web', 'starting').remedy, /^wait until it is running; "insula task list --vps web"/)
    assert.match(refusal('stop', 'web', 'stopping').remedy, /^nothing to do: it is under way/)
    assert.match(refusal('start', 'web', 'destroying').remedy, /^wait until it is gone/)
  })

  it('has a remedy of its own for every pair that is not legal', () => {
    for (const [action, state] of refused) {
      const { remedy } = refusal(action, 'web', state)
      assert.ok(remedy.length > 10 && remedy !== 'try again', `${action} in ${state}: "${remedy}"`)
    }
  })

  it('is busy, to be tried again, exactly while a task works on the VPS', () => {
    for (const [action, state] of refused) {
      assert.equal(refusal(action, 'web', state).code, isTransient(state) ? 'busy' : 'conflict', `${action} in ${state}`)
    }
  })

  it('advises no command that would be refused in turn', () => {
    const advice = /"insula ([a-z]+) (--force )?web"/g
    let first = 0
    for (const [action, state] of refused) {
      if (isTransient(state)) continue
      for (const [, command = '', force] of refusal(action, 'web', state).remedy.matchAll(advice)) {
        if (command === 'show') continue
        first += 1
        assert.ok(
          command in ACTIONS && isLegal(command as Action, state, force !== undefined),
          `${action} in ${state}: ${command}`,
        )
      }
    }
    assert.ok(first > 10, 'the advice is not written as this test expects')
  })
})
