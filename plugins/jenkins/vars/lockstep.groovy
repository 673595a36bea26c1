import groovy.json.JsonSlurperClassic

/**
 * Runs a step of Lockstep's on an agent that has node 24 and git. The variables of this folder
 * call it, each for its own step.
 *
 * @param step its name: 'bump-image'
 * @param given inputs by their names in camel case; lists may be lists, pairs may be maps; of
 * a secret the id of the credentials that hold it
 * @param known the names of all inputs that the step has
 * @param secrets the names of those that are secrets
 * @return the outputs, by their names: outputs['previous-image']
 */
Map call(String step, Map given, List<String> known, List<String> secrets) {
    List<String> variables = ['LOCKSTEP_CI=jenkins']
    List bindings = []
    String folder = '.lockstep'
    for (entry in given.entrySet()) {
        String input = entry.key.toString().replaceAll('([A-Z])', '-$1').toLowerCase()
        String variable = 'LOCKSTEP_' + input.toUpperCase().replace('-', '_')
        if (!known.contains(input)) {
            error("${step} has no input ${input}; it has ${known.join(', ')}")
        }
        if (input == 'outputs-dir') {
            folder = entry.value.toString()
        }
        if (input == 'kubeconfig') {
            bindings.add(file(credentialsId: entry.value.toString(), variable: variable))
        } else if (secrets.contains(input)) {
            bindings.add(string(credentialsId: entry.value.toString(), variable: variable))
        } else {
            variables.add(variable + '=' + textOf(entry.value))
        }
    }
    withCredentials(bindings) {
        withEnv(variables) {
            sh "npx --yes lockstep@0.1.0 ${step}"
        }
    }
    // The workspace's folder also where this runs inside of dir(...).
    String base = folder.startsWith('/') ? '' : env.WORKSPACE + '/'
    String outputs = base + folder + '/' + step + '.json'
    return fileExists(outputs) ? new JsonSlurperClassic().parseText(readFile(outputs)) : [:]
}

/** Lists and pairs as texts of a line each. */
String textOf(Object value) {
    if (value instanceof Map) {
        List<String> lines = []
        for (pair in value.entrySet()) {
            lines.add(pair.key + '=' + pair.value)
        }
        return lines.join('\n')
    }
    return value instanceof List ? value.join('\n') : value.toString()
}
