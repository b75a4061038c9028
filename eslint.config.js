import { defineConfig, globalIgnores } from 'eslint/config'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import vueAccessibility from 'eslint-plugin-vuejs-accessibility'
import globals from 'globals'
import tseslint from 'typescript-eslint'
import { house } from './tools/lint/index.mjs'

const TESTS = ['**/*.test.ts', 'e2e/**/*.ts']
/** Floors whose promises cross processes: a forgotten one is a lost error. */
const ASYNC_FLOORS = ['lab', 'protocol', 'simulator', 'host', 'main', 'server', 'cli'].map(
  (room) => `src/${room}/**/*.ts`
)

export default defineConfig([
  globalIgnores([
    'out/',
    'test-results/',
    'playwright-report/',
    'coverage/',
    'resources/recordings/',
    '.cache/'
  ]),
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },

  { files: ['**/*.{ts,mts,vue}'], extends: [tseslint.configs.recommended] },
  {
    files: ['**/*.vue'],
    extends: [vue.configs['flat/recommended'], vueAccessibility.configs['flat/recommended']]
  },
  prettier,
  {
    files: ['**/*.{js,mjs,cjs,ts,vue}'],
    plugins: { house },
    rules: {
      eqeqeq: ['error', 'always'],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-debugger': 'error',
      'no-constant-binary-expression': 'error',
      'no-self-compare': 'error',
      'no-unreachable': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'anywhere' }],
      'max-lines': ['error', { max: 500 }],
      'house/hot': 'error'
    }
  },
  {
    files: ['**/*.{ts,mts,vue}'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description', minimumDescriptionLength: 10 }
      ]
    }
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: globals.node },
    rules: { 'no-undef': 'error' }
  },
  { files: ['src/renderer/**/*.js'], languageOptions: { globals: globals.browser } },

  {
    files: ['src/engine/**/*.ts', 'src/explorer/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.bench.ts'],
    languageOptions: {
      parserOptions: { project: 'tsconfig.node.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      'house/deterministic': 'error',
      'no-console': 'error',
      // Without one, numbers are sorted as text.
      '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: true }]
    }
  },
  {
    files: ['src/lab/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: { 'house/deterministic': ['error', { clockOnly: true }] }
  },
  {
    files: ASYNC_FLOORS,
    languageOptions: {
      parserOptions: { project: 'tsconfig.node.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error'
    }
  },
  {
    files: TESTS,
    rules: { 'house/no-skipped-tests': 'error', 'house/no-sleep': 'error' }
  },
  {
    files: ['e2e/**/*.ts', 'playwright.config.ts'],
    languageOptions: {
      parserOptions: { project: 'tsconfig.e2e.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: { '@typescript-eslint/no-floating-promises': 'error' }
  },
  {
    // Playwright's fixtures say "needs nothing" with an empty pattern.
    files: ['e2e/**/*.ts'],
    rules: { 'no-empty-pattern': 'off' }
  },

  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser }, globals: globals.browser },
    rules: {
      'vue/no-v-html': 'error',
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-macros-order': 'error',
      'vue/html-button-has-type': 'error',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
      // These three know neither delegated events, nor grids with aria-activedescendant, nor splitters.
      // What they are after is tested in the running app: axe on every screen, and the keyboard specs.
      'vuejs-accessibility/no-static-element-interactions': 'off',
      'vuejs-accessibility/interactive-supports-focus': 'off',
      'vuejs-accessibility/click-events-have-key-events': 'off'
    }
  }
])
