// Written by npm run generate from actions/rolling-deploy/step.ts.

/**
 * Bring manifests to a cluster, wait until they run, and say why when they do not.
 * Inputs by their names in camel case; of a secret the id of the credentials that hold it.
 * Returns the outputs.
 */
Map call(Map inputs = [:]) {
    return lockstep('rolling-deploy', inputs, [
        'manifests',
        'values',
        'images',
        'field-manager',
        'force-conflicts',
        'wait',
        'stable-for',
        'rollback-on-failure',
        'upgrade-apis',
        'replace-immutable',
        'prune',
        'prune-kinds',
        'set',
        'when-locked',
        'silence',
        'concurrency',
        'report',
        'report-on',
        'environment',
        'environment-url',
        'repository',
        'token',
        'username',
        'app-id',
        'app-private-key',
        'forge',
        'api-url',
        'ca-certificate',
        'skip-verify',
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
        'token',
        'app-private-key',
        'kubeconfig',
        'cluster-token',
    ])
}
