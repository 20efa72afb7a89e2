import { expect, it } from 'vitest'
import { codes } from '../../engine/base/codes.ts'
import { errorsPage } from '../../engine/report/errors-page.ts'

it('the page of errors is that of the source; otherwise run `npx vitest run test/docs -u`', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../../docs/errors.md')
})

it('the page of errors has every code once', () => {
  const page = errorsPage()
  for (const code of Object.keys(codes)) expect(page.split(`| \`${code}\` |`)).toHaveLength(2)
})
