// Written by npm run generate from actions/tag-source/step.ts.

/**
 * Tag a commit of the source with what was baked, deployed or released of it.
 * Inputs by their names in camel case; of a secret the id of the credentials that hold it.
 * Returns the outputs.
 */
Map call(Map inputs = [:]) {
    return lockstep('tag-source', inputs, [
        'commit',
        'kind',
        'tag',
        'environment',
        'region',
        'version',
        'ami-id',
        'base-ami',
        'info',
        'force',
        'repository',
        'token',
        'username',
        'app-id',
        'app-private-key',
        'ssh-key',
        'ssh-known-hosts',
        'ca-certificate',
        'skip-verify',
        'forge',
        'api-url',
        'author-name',
        'author-email',
        'signing-key',
        'dry-run',
        'log-level',
        'timeout',
        'outputs-dir',
    ], [
        'token',
        'app-private-key',
        'ssh-key',
        'signing-key',
    ])
}
