/** Texts as bash 5.2 and GNU's programs print them; errors as thp-sysfs.md sections 2 and 3 have them. */
import { describe, expect, it } from 'vitest'
import { kernelByName } from '../../kernel'
import { Sysfs } from '../../thp/sysfs'
import { World } from '../../world'
import { Shell } from './shell'

function shell(kernel = 'linux-6.12'): Shell {
  const world = new World({ kernel: kernelByName(kernel), granule: '4K', memoryBytes: 2 ** 31 })
  return new Shell(new Sysfs(world))
}

/** What a terminal shows after all lines. */
function session(...lines: string[]): string {
  const sh = shell()
  return lines.map((line) => sh.run(line).output).join('')
}

const SIZES = ['1024', '128', '16', '2048', '256', '32', '512', '64']

describe('reading', () => {
  it('a file', () => {
    expect(session('cat enabled')).toBe('always madvise [never]\n')
    expect(session('cat hugepages-2048kB/enabled hpage_pmd_size')).toBe(
      'always [inherit] madvise never\n2097152\n'
    )
    expect(session('cat < use_zero_page')).toBe('1\n')
  })

  it('every size by a pattern, as users do', () => {
    const line = (kb: string) =>
      `hugepages-${kb}kB/enabled:always ${kb === '2048' ? '[inherit] madvise never' : 'inherit madvise [never]'}\n`
    expect(session('grep . */enabled')).toBe(SIZES.map(line).join(''))
    expect(session('grep -l inherit] hugepages-*/enabled')).toBe('hugepages-2048kB/enabled\n')
    expect(session('grep -c . hugepages-[12]*kB/enabled | wc -l')).toBe('5\n')
    expect(session('grep -r . khugepaged | sort | head -2')).toBe(
      'khugepaged/alloc_sleep_millisecs:60000\nkhugepaged/defrag:1\n'
    )
    expect(session('cd khugepaged', 'grep -rh 51[0-9]')).toBe('511\n')
    expect(session('grep -E "^(0|1)$" use_zero_page shrink_underused')).toBe(
      'use_zero_page:1\nshrink_underused:1\n'
    )
  })

  it('directories', () => {
    expect(session('ls')).toBe(
      [
        'defrag',
        'enabled',
        'hpage_pmd_size',
        'hugepages-1024kB',
        'hugepages-128kB',
        'hugepages-16kB',
        'hugepages-2048kB',
        'hugepages-256kB',
        'hugepages-32kB',
        'hugepages-512kB',
        'hugepages-64kB',
        'hugepages-8kB',
        'khugepaged',
        'shmem_enabled',
        'shrink_underused',
        'use_zero_page',
        ''
      ].join('\n')
    )
    expect(session('ls hugepages-64kB hugepages-8kB')).toBe(
      'hugepages-64kB:\nenabled\nshmem_enabled\nstats\n\nhugepages-8kB:\nshmem_enabled\nstats\n'
    )
    expect(session('ls -ld hugepages-64kB enabled hpage_pmd_size')).toBe(
      '-rw-r--r-- 1 root root 4096 Jan  1 00:00 enabled\n' +
        '-r--r--r-- 1 root root 4096 Jan  1 00:00 hpage_pmd_size\n' +
        'drwxr-xr-x 3 root root    0 Jan  1 00:00 hugepages-64kB\n'
    )
    expect(session('pwd', 'cd hugepages-64kB/stats', 'pwd', 'cd -', 'cd /sys/kernel/mm', 'ls')).toBe(
      '/sys/kernel/mm/transparent_hugepage\n' +
        '/sys/kernel/mm/transparent_hugepage/hugepages-64kB/stats\n' +
        '/sys/kernel/mm/transparent_hugepage\n' +
        'hugepages\nlru_gen\nswap\ntransparent_hugepage\n'
    )
  })
})

describe('writing', () => {
  it.each([
    'echo always > hugepages-64kB/enabled',
    "echo 'always' >hugepages-64kB/enabled",
    'echo -n "always" >> hugepages-64kB/enabled',
    'printf always > hugepages-64kB/enabled',
    "printf '%s\\n' always > hugepages-64kB/enabled",
    'echo always | sudo tee hugepages-64kB/enabled > /dev/null',
    'echo always | tee hugepages-64kB/enabled 1>/dev/null',
    'cd hugepages-64kB && echo always > enabled && cd ..',
    'for kb in 64; do echo always > hugepages-${kb}kB/enabled; done',
    'f=hugepages-64kB/enabled; echo always > $f',
    'echo madvise > hugepages-64kB/enabled\necho always > hugepages-64kB/enabled'
  ])('%s', (line) => {
    const sh = shell()
    expect(sh.run(line)).toEqual({ output: '', errors: '', status: 0 })
    expect(sh.run('cat hugepages-64kB/enabled').output).toBe('[always] inherit madvise never\n')
  })

  it('every size in a loop or through tee', () => {
    const sh = shell()
    sh.run('for f in hugepages-*/enabled; do echo inherit > "$f"; done')
    expect(sh.run('grep -l "[inherit]" */enabled | wc -l').output).toBe('8\n')
    expect(sh.run('echo madvise | tee hugepages-{16,64}kB/enabled').output).toBe('madvise\n')
    expect(sh.run('cat hugepages-{16,64,128}kB/enabled').output).toBe(
      'always inherit [madvise] never\nalways inherit [madvise] never\nalways [inherit] madvise never\n'
    )
  })

  it('a line at a time: the last one counts', () => {
    const sh = shell()
    expect(sh.run('printf "always\\nmadvise\\n" > enabled; cat enabled').output).toBe(
      'always [madvise] never\n'
    )
    expect(sh.run('printf "never\\n\\n" > enabled').output).toBe(
      'bash: printf: write error: Invalid argument\n'
    )
    expect(sh.run('cat enabled').output).toBe('always madvise [never]\n')
  })

  it('a NUL ends what the file reads', () => {
    expect(session("printf 'always\\0junk' > enabled", 'cat enabled')).toBe('[always] madvise never\n')
  })
})

describe('what is refused', () => {
  it.each([
    ['echo yes > enabled', 'bash: echo: write error: Invalid argument\n', 1],
    ['echo "always " > enabled', 'bash: echo: write error: Invalid argument\n', 1],
    [
      'echo 18446744073709551616 > use_zero_page',
      'bash: echo: write error: Numerical result out of range\n',
      1
    ],
    ['echo 1 > hpage_pmd_size', 'bash: hpage_pmd_size: Permission denied\n', 1],
    ['echo 1 > khugepaged/full_scans', 'bash: khugepaged/full_scans: Permission denied\n', 1],
    ['echo always > hugepages-8kB/enabled', 'bash: hugepages-8kB/enabled: Permission denied\n', 1],
    ['echo always > hugepages-4kB/enabled', 'bash: hugepages-4kB/enabled: No such file or directory\n', 1],
    ['echo always > hugepages-64kB', 'bash: hugepages-64kB: Is a directory\n', 1],
    ['echo always > enabled/x', 'bash: enabled/x: Not a directory\n', 1],
    ['echo always > */enabled', 'bash: */enabled: ambiguous redirect\n', 1],
    ['echo always > nothing-*/enabled', 'bash: nothing-*/enabled: No such file or directory\n', 1],
    ['echo no | tee enabled', 'no\ntee: enabled: Invalid argument\n', 1],
    ['echo no | tee nothing', 'tee: nothing: Permission denied\nno\n', 1],
    ['cat nothing', 'cat: nothing: No such file or directory\n', 1],
    ['cat khugepaged', 'cat: khugepaged: Is a directory\n', 1],
    ['cat defrag > enabled', 'cat: write error: Invalid argument\n', 1],
    [
      'cat ../hugepages/hugepages-2048kB/demote',
      'cat: ../hugepages/hugepages-2048kB/demote: Permission denied\n',
      1
    ],
    ['ls nothing', "ls: cannot access 'nothing': No such file or directory\n", 2],
    ['cd enabled', 'bash: cd: enabled: Not a directory\n', 1],
    ['cd nothing', 'bash: cd: nothing: No such file or directory\n', 1],
    ['grep x khugepaged', 'grep: khugepaged: Is a directory\n', 1],
    ['grep x nothing', 'grep: nothing: No such file or directory\n', 2],
    ['grep always enabled > defrag', 'grep: write error: Invalid argument\n', 2],
    ['frobnicate', 'bash: frobnicate: command not found\n', 127],
    ['echo a |', 'bash: syntax error: unexpected end of file\n', 2],
    ['echo "a', 'bash: unexpected EOF while looking for matching `"\'\n', 2],
    ['; ls', "bash: syntax error near unexpected token `;'\n", 2],
    ['cat enabled &', "bash: & is not known to this shell; see 'help'\n", 2],
    ['echo $((1 + 1))', "bash: $(( is not known to this shell; see 'help'\n", 2],
    ['echo $(cat enabled', "bash: unexpected EOF while looking for matching `)'\n", 2],
    ['echo `cat enabled', "bash: unexpected EOF while looking for matching ``'\n", 2],
    ['echo always >', "bash: syntax error near unexpected token `newline'\n", 2],
    ['echo 3 > /proc/sys/vm/drop_caches', 'bash: /proc/sys/vm/drop_caches: No such file or directory\n', 1],
    ['cd /proc; echo 3 > sys/vm/nothing', 'bash: sys/vm/nothing: No such file or directory\n', 1],
    ['cat enabled/', 'cat: enabled/: Not a directory\n', 1],
    ["sh -c 'echo x > enabled'", 'sh: line 1: echo: write error: Invalid argument\n', 1],
    ["sudo bash -c 'nothing'", 'bash: line 1: nothing: command not found\n', 127],
    ["sh -c 'echo >'", "sh: -c: line 1: syntax error near unexpected token `newline'\n", 2],
    ['sh script', "sh: only sh -c 'commands' is known to this shell; see 'help'\n", 2]
  ])('%s', (line, output, status) => {
    const result = shell().run(line)
    expect([result.output, result.status]).toEqual([output, status])
  })

  it('changes nothing, and says so in $?', () => {
    const sh = shell()
    sh.run('echo nope > enabled')
    expect(sh.run('echo $?; cat enabled').output).toBe('1\nalways madvise [never]\n')
    expect(sh.run('cat nothing 2>/dev/null || echo missing').output).toBe('missing\n')
    expect(sh.run('grep -q madvise enabled && echo there').output).toBe('there\n')
    expect(sh.run('cat nothing enabled 2>&1 | wc -l').output).toBe('2\n')
    expect(sh.run('cat nothing enabled')).toEqual({
      output: 'cat: nothing: No such file or directory\nalways madvise [never]\n',
      errors: 'cat: nothing: No such file or directory\n',
      status: 1
    })
  })

  it('ends loops and texts that are too long', () => {
    const sh = shell()
    const nested = `for a in {0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}; do for b in {0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}; do true; done; done`
    expect(() => sh.run(nested)).toThrow(/10000 commands/)
    expect(() => sh.run(' '.repeat(70_000))).toThrow(/65536 characters/)
    expect(sh.run(`echo ${'{a,b}'.repeat(20)}`).errors).toMatch(/more than 10000 words/)
  })
})

describe('expansion', () => {
  it.each([
    ['echo \'$HOME\' "a  b" c\\ d', '$HOME a  b c d\n'],
    ['x="a  b"; echo $x "$x"', 'a b a  b\n'],
    ['echo *kB/stats/nr_anon | wc -w', '8\n'],
    ['echo "*"', '*\n'],
    ['echo hugepages-?4kB', 'hugepages-64kB\n'],
    ['echo [ad]*', 'defrag\n'],
    ['echo [!a-z]*', '[!a-z]*\n'],
    ['echo kh*/', 'khugepaged/\n'],
    ['echo /sys/kernel/mm/tr*/ena*', '/sys/kernel/mm/transparent_hugepage/enabled\n'],
    ['echo a{b,c{d,e}}f {x} # no more', 'abf acdf acef {x}\n'],
    ['echo -e "a\\tb\\x41" && ! false', 'a\tbA\n'],
    ['printf "%03d|%-3s|%x\\n" 7 a 255 8 b 16', '007|a  |ff\n008|b  |10\n'],
    ['echo one > /dev/stderr 2>/dev/null; echo two 1>&2', 'one\ntwo\n']
  ])('%s', (line, output) => {
    expect(session(line)).toBe(output)
  })
})

describe('a session', () => {
  it('remembers what was typed', () => {
    const sh = shell()
    sh.run('cat enabled')
    sh.run('cd khugepaged')
    expect(sh.run('history').output).toBe('    1  cat enabled\n    2  cd khugepaged\n    3  history\n')
    expect(sh.directory).toBe('/sys/kernel/mm/transparent_hugepage/khugepaged')
  })

  it.each([
    ['ca', 0, ['cat']],
    ['cat en', 4, ['enabled']],
    ['cat hugepages-2', 4, ['hugepages-2048kB/', 'hugepages-256kB/']],
    ['cat hugepages-64kB/e', 4, ['hugepages-64kB/enabled']],
    ['echo x >kh', 8, ['khugepaged/']],
    ['grep . k* | hea', 12, ['head']],
    ['cat /sys/kernel/mm/tr', 4, ['/sys/kernel/mm/transparent_hugepage/']],
    ['cat nothing/', 4, []]
  ])('completes %j', (before, from, candidates) => {
    expect(shell().complete(before)).toEqual({ from, candidates })
  })

  it('throws what is not simulated: no kernel answers so', () => {
    expect(() => shell().run('echo 1000 > /sys/kernel/mm/lru_gen/min_ttl_ms')).toThrow(/not simulated/)
  })
})

describe('commands inside of commands', () => {
  it('stand for what they print, without newlines at its end', () => {
    expect(session('for f in hugepages-[13]*kB/enabled; do echo "$f: $(cat $f)"; done')).toBe(
      ['1024', '128', '16', '32']
        .map((kb) => `hugepages-${kb}kB/enabled: always inherit madvise [never]\n`)
        .join('')
    )
    expect(session('echo `grep -l inherit] hugepages-*/enabled` "$(echo "a  b"; echo)"')).toBe(
      'hugepages-2048kB/enabled a  b\n'
    )
    expect(
      session('A=$(cat use_zero_page); echo $A$(echo $(echo 2))', "echo '$(ls)'", 'echo "\\$(ls)"')
    ).toBe('12\n$(ls)\n$(ls)\n')
    expect(session('echo $(echo " a   b ") "$(cat nothing)"')).toBe(
      'cat: nothing: No such file or directory\na b \n'
    )
  })

  it('change files, but not the directory and the variables outside', () => {
    expect(session('A=1', 'echo $(cd khugepaged; A=2; pwd; echo $A)', 'pwd', 'echo $A')).toBe(
      '/sys/kernel/mm/transparent_hugepage/khugepaged 2\n/sys/kernel/mm/transparent_hugepage\n1\n'
    )
    expect(
      session(
        "sudo sh -c 'echo always > hugepages-64kB/enabled; cd hugepages-64kB'",
        'cat hugepages-64kB/enabled'
      )
    ).toBe('[always] inherit madvise never\n')
    expect(session("cat enabled | bash -c 'cat; true' && echo $(sh -c 'false') $?")).toBe(
      'always madvise [never]\n1\n'
    )
  })

  it('end somewhere', () => {
    expect(shell().run('echo ' + '"$('.repeat(10_000)).output).toMatch(
      /more than 50 commands inside of each other/
    )
    const deep = `${'echo $('.repeat(60)}echo${')'.repeat(60)}`
    expect(shell().run(deep)).toMatchObject({
      status: 2,
      output: 'bash: more than 50 commands inside of each other\n'
    })
  })
})

describe('dmesg', () => {
  it('has what the kernel said of its command line', () => {
    const world = new World({
      kernel: kernelByName('linux-6.12'),
      granule: '4K',
      memoryBytes: 2 ** 31,
      commandLine: 'thp_anon=64K:always;8K:always'
    })
    expect(new Shell(new Sysfs(world), world.bootWarnings).run('dmesg').output).toBe(
      '[    0.000000] huge_memory: invalid size 8K in thp_anon boot parameter\n' +
        '[    0.000000] huge_memory: thp_anon=64K:always;8K:always: error parsing string, ignoring setting\n'
    )
    expect(session('dmesg')).toBe('')
  })
})
