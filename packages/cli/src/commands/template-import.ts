import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const templateImport = command({
  name: 'template import',
  summary: 'Make a version of an OS template from an archive of a root file system, or from a container image',
  details:
    'A tar archive, plain or compressed: a precreated template of OpenVZ, what debootstrap made, a backup. It has to hold the root itself, with an init. ' +
    'Or a container image: the directory of an OCI image layout, an archive of one, or of `docker save`; skopeo and umoci have to be installed. ' +
    'Device nodes are left out.',
  arguments: {
    name: { about: 'of the template; none that `insula template build` knows' },
    file: { about: 'the archive; - is standard input, kept in /var/tmp (or TMPDIR) meanwhile' },
  },
  options: { ...taskOptions, ...output },
  examples: [
    { line: 'insula template import centos-6 centos-6-x86_64.tar.gz', about: 'a template of OpenVZ' },
    { line: 'insula template import systemd-image /root/image-oci', about: 'a container image with an init' },
    { line: 'curl -s https://example.com/rootfs.tar.xz | insula template import alpine -', about: 'from standard input' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const { archiveOf } = await import('../archive-file.ts')
    await using archive = await archiveOf(args.file, context.env['TMPDIR'])
    const body = { name: args.name, file: archive.path }
    // What came by standard input goes when this ends, so it is waited for.
    const waiting = archive.isKept ? options : { ...options, wait: true }
    const task = await runTask(context, waiting, async (query) => client.templateImport({ query, body }))
    if (task === null) return
    const { template } = await client.templateShow({ params: { template: args.name } })
    if (options.json) return context.print(JSON.stringify(template, null, 2))
    context.print(
      options.quiet ? template.ref : `imported ${template.ref}: ${template.distribution} ${template.release}, ${template.init}`,
    )
  },
})
