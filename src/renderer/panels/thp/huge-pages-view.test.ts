import { describe, expect, it } from 'vitest'
import { placeOf, type Place } from './huge-pages-view'

const place = (pid: number, address: number, pages: number): Place => ({
  pid,
  address,
  pages,
  access: 'rw-p',
  flags: []
})
const cut = [place(1, 0x10000, 16), place(1, 0x20000, 48), place(2, 0x10000, 64)]
const whole = [place(1, 0x10000, 64), place(2, 0x10000, 64)]

describe('the page looked at', () => {
  it('is found again where its region is cut or joined', () => {
    const wanted = { pid: 1, address: 0x10000, page: 20 }
    expect(placeOf(whole, wanted, 4096)).toEqual({ place: whole[0], page: 20 })
    expect(placeOf(cut, wanted, 4096)).toEqual({ place: cut[1], page: 4 })
    expect(placeOf(whole, { pid: 1, address: 0x20000, page: 4 }, 4096)).toEqual({ place: whole[0], page: 20 })
  })

  it('belongs to its process, and is the first where there is nothing to look for', () => {
    expect(placeOf(cut, { pid: 2, address: 0x10000, page: 20 }, 4096)).toEqual({ place: cut[2], page: 20 })
    expect(placeOf(cut, { pid: 1, address: 0x20000, page: 99 }, 4096)).toEqual({ place: cut[1], page: 0 })
    expect(placeOf(cut, { pid: 3, address: 0x10000, page: 1 }, 4096)).toEqual({ place: cut[0], page: 0 })
    expect(placeOf(cut, undefined, 4096)).toEqual({ place: cut[0], page: 0 })
    expect(placeOf([], undefined, 4096)).toEqual({ place: undefined, page: 0 })
  })
})
