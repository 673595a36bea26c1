// Written by npm run generate from actions/verify-deployment/step.ts.

/**
 * Prove that what runs is the image that was promoted, and that it answers.
 * Inputs by their names in camel case; of a secret the id of the credentials that hold it.
 * Returns the outputs.
 */
Map call(Map inputs = [:]) {
    return lockstep('verify-deployment', inputs, [
        'workload',
        'image',
        'username',
        'password',
        'url',
        'ca-certificate',
        'skip-verify',
        'expect-status',
        'expect-body',
        'expect-json',
        'command',
        'attempts',
        'interval',
        'check-timeout',
        'kubeconfig',
        'context',
        'server',
        'cluster-token',
        'cluster-ca',
        'eks-cluster',
        'region',
        'namespace',
        'dry-run',
        'log-level',
        'timeout',
        'outputs-dir',
    ], [
        'password',
        'kubeconfig',
        'cluster-token',
    ])
}
