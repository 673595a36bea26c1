// Written by npm run generate from actions/review-promotion/step.ts.

/**
 * Show, approve, merge or close pull requests, even where there is no forge.
 * Inputs by their names in camel case; of a secret the id of the credentials that hold it.
 * Returns the outputs.
 */
Map call(Map inputs = [:]) {
    return lockstep('review-promotion', inputs, [
        'action',
        'number',
        'method',
        'message',
        'commit',
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
