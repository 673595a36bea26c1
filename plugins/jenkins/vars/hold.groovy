// Written by npm run generate from actions/hold/step.ts.

/**
 * Keep an image or a file as it is in a branch, until the hold is lifted.
 * Inputs by their names in camel case; of a secret the id of the credentials that hold it.
 * Returns the outputs.
 */
Map call(Map inputs = [:]) {
    return lockstep('hold', inputs, [
        'repository',
        'image',
        'file',
        'reason',
        'until',
        'lift',
        'verified',
        'push-timeout',
        'branch',
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
