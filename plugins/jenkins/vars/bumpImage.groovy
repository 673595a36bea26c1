// Written by npm run generate from actions/bump-image/step.ts.

/**
 * Write an image into the files of another repository, as one commit.
 * Inputs by their names in camel case; of a secret the id of the credentials that hold it.
 * Returns the outputs.
 */
Map call(Map inputs = [:]) {
    return lockstep('bump-image', inputs, [
        'file',
        'repository',
        'image',
        'tag',
        'digest',
        'container',
        'all',
        'set',
        'pattern',
        'create-missing',
        'environment',
        'source-repository',
        'source-commit',
        'commit-message',
        'push-timeout',
        'allow-older',
        'verified',
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
