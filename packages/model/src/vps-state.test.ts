import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { ACTIONS, type Action, FORCED_ACTIONS, isLegal } from './vps-action.ts'
import { OUTCOMES, TRANSITIONS, VPS_STATES, type VpsState, canMove, isTransient, settleAfterCut } from './vps-state.ts'

const state = fc.constantFrom(...VPS_STATES)
const action = fc.constantFrom(...(Object.keys(ACTIONS) as Action[]))

/** The state in which an action's work begins; the others move nothing. */
const BEGINS: Partial<Record<Action, VpsState>> = {
  start: 'starting',
  stop: 'stopping',
  restart: 'stopping',
  suspend: 'suspending',
  resume: 'resuming',
  destroy: 'destroying',
}

/** null: gone. */
type Where = VpsState | null

function move(from: VpsState, to: VpsState): VpsState {
  assert.ok(from === to || canMove(from, to), `${from} -> ${to} is not in the table`)
  return to
}

/** Work done to its end, or undone; as the daemon does at its start. */
function settle(from: VpsState, initAlive: boolean): Where {
  const settlement = settleAfterCut(from, initAlive)
  if (settlement === 'take back') return null
  if (settlement !== 'finish') return move(from, settlement)
  assert.ok(isTransient(from), `nothing is under way in ${from}`)
  const outcome = OUTCOMES[from]
  return outcome === null ? null : move(from, outcome)
}

function reachable(from: VpsState): Set<VpsState> {
  const seen = new Set<VpsState>([from])
  for (const next of seen) for (const to of TRANSITIONS[next]) seen.add(to)
  return seen
}

describe('states of a VPS', () => {
  it('never leave the table on a random walk of actions, ends, failures and cuts', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('act'), action, force: fc.boolean() }),
      fc.record({ kind: fc.constantFrom('succeed', 'fail', 'init ends') }),
      fc.record({ kind: fc.constant('cut'), initAlive: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now: Where = 'creating'
        for (const taken of steps) {
          if (now === null) return
          if ('action' in taken) {
            const begins = BEGINS[taken.action]
            if (begins !== undefined && isLegal(taken.action, now, taken.force)) now = move(now, begins)
          } else if ('initAlive' in taken) {
            now = settle(now, taken.initAlive)
            assert.ok(now === null || !isTransient(now), `a cut left it ${now}`)
          } else if (taken.kind === 'init ends') {
            if (now === 'running' || now === 'suspended') now = move(now, 'stopped')
          } else if (isTransient(now)) {
            const outcome: Where = OUTCOMES[now]
            if (taken.kind === 'fail') now = move(now, 'failed')
            else now = outcome === null ? null : move(now, outcome)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('settle from every transient state in one step, whatever became of init', () => {
    for (const from of VPS_STATES) {
      for (const initAlive of [true, false]) {
        const to = settle(from, initAlive)
        assert.ok(to === null || !isTransient(to), `${from} settles to ${to}`)
        const runs = to === 'running' || to === 'suspended'
        assert.ok(to === null || settle(to, runs) === to, `${to} does not stay after ${from}`)
      }
    }
  })

  it('settle to what init shows: a dead one never runs, a living one is never forgotten', () => {
    fc.assert(
      fc.property(state, (from) => {
        const dead = settle(from, false)
        assert.ok(dead === null || dead === 'stopped' || dead === 'failed', `${from} with a dead init comes to ${dead}`)
        assert.notEqual(settleAfterCut(from, true), 'stopped', `${from} with a living init is called stopped`)
      }),
    )
  })

  it('settle as each state promises', () => {
    assert.deepEqual(
      VPS_STATES.map((from) => [from, settleAfterCut(from, true), settleAfterCut(from, false)]),
      [
        ['creating', 'take back', 'take back'],
        ['stopped', 'running', 'stopped'],
        ['starting', 'running', 'stopped'],
        ['running', 'running', 'stopped'],
        ['stopping', 'finish', 'finish'],
        ['suspended', 'suspended', 'stopped'],
        ['suspending', 'finish', 'stopped'],
        ['resuming', 'finish', 'stopped'],
        ['destroying', 'finish', 'finish'],
        ['failed', 'running', 'failed'],
      ],
    )
  })

  it('are all reached from creating, and all lead to destroying', () => {
    assert.deepEqual([...reachable('creating')].toSorted(), [...VPS_STATES].toSorted())
    for (const from of VPS_STATES) assert.ok(reachable(from).has('destroying'), `${from} can never be got rid of`)
  })

  it('never move to themselves, and name each next state once', () => {
    for (const from of VPS_STATES) {
      assert.ok(!canMove(from, from), `${from} moves to itself`)
      assert.equal(new Set(TRANSITIONS[from]).size, TRANSITIONS[from].length, `${from} names a state twice`)
    }
  })
})

describe('actions', () => {
  it('begin with a move of the table wherever they are legal', () => {
    fc.assert(
      fc.property(action, state, fc.boolean(), (what, from, force) => {
        const begins = BEGINS[what]
        if (begins !== undefined && isLegal(what, from, force)) assert.ok(canMove(from, begins), `${what} in ${from}`)
      }),
      { numRuns: 1000 },
    )
  })

  it('are never legal while a task works on the VPS', () => {
    fc.assert(
      fc.property(action, fc.constantFrom(...VPS_STATES.filter(isTransient)), fc.boolean(), (what, from, force) => {
        assert.equal(isLegal(what, from, force), false)
      }),
      { numRuns: 1000 },
    )
  })

  it('become legal by force only where the table says so, and never illegal', () => {
    assert.equal(isLegal('destroy', 'running'), false)
    assert.equal(isLegal('destroy', 'running', true), true)
    assert.equal(isLegal('destroy', 'suspended', true), true)
    fc.assert(
      fc.property(action, state, (what, from) => {
        const added = FORCED_ACTIONS[what]?.some((each) => each === from) ?? false
        assert.equal(isLegal(what, from, true), isLegal(what, from) || added)
      }),
      { numRuns: 1000 },
    )
  })

  it('leave a way out of every settled state', () => {
    for (const from of VPS_STATES.filter((each) => !isTransient(each))) {
      assert.ok(isLegal('destroy', from, true), `a VPS that is ${from} cannot be destroyed`)
    }
  })
})
