# Completion of lockstep for bash: source <(lockstep completion bash)
# Written by npm run build from actions/*/step.ts.
_lockstep() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} step=${COMP_WORDS[1]}
	local options='' values=''
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'bump-image hold promotion-pr review-promotion rollback rolling-deploy tag-source verify-deployment show approve merge close comment ready completion' -- "$word")
		return
	fi
	case "$step" in
		bump-image) options='--file --image --tag --digest --container --all --no-all --set --pattern --create-missing --no-create-missing --environment --source-repository --source-commit --commit-message --push-timeout --allow-older --no-allow-older --verified --no-verified --repository --branch --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		hold) options='--image --file --reason --until --lift --no-lift --verified --no-verified --push-timeout --repository --branch --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		promotion-pr) options='--file --image --tag --digest --container --all --no-all --set --pattern --create-missing --no-create-missing --environment --source-repository --source-commit --commit-message --push-timeout --branch --base --from-file --from-repository --from-branch --title --body --labels --reviewers --team-reviewers --assignees --draft --no-draft --overwrite --no-overwrite --close-superseded --no-close-superseded --auto-merge --wait --branch-prefix --allow-older --no-allow-older --verified --no-verified --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		review-promotion) options='--action --number --method --message --commit --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		rollback) options='--file --image --to --to-commit --container --all --no-all --set --pattern --reason --hold --no-hold --until --environment --pull-request --no-pull-request --branch-prefix --overwrite --no-overwrite --commit-message --verified --no-verified --push-timeout --branch --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		rolling-deploy) options='--manifests --values --images --field-manager --force-conflicts --no-force-conflicts --wait --no-wait --stable-for --rollback-on-failure --no-rollback-on-failure --upgrade-apis --no-upgrade-apis --replace-immutable --no-replace-immutable --prune --no-prune --prune-kinds --set --when-locked --silence --concurrency --report --report-on --environment --environment-url --repository --token --username --app-id --app-private-key --forge --api-url --ca-certificate --skip-verify --no-skip-verify --kubeconfig --context --server --cluster-token --cluster-ca --eks-cluster --region --namespace --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		tag-source) options='--commit --kind --tag --environment --region --version --ami-id --base-ami --info --force --no-force --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		verify-deployment) options='--workload --image --username --password --url --ca-certificate --skip-verify --no-skip-verify --expect-status --expect-body --expect-json --command --attempts --interval --check-timeout --kubeconfig --context --server --cluster-token --cluster-ca --eks-cluster --region --namespace --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		show) options='--action --number --method --message --commit --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		approve) options='--action --number --method --message --commit --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		merge) options='--action --number --method --message --commit --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		close) options='--action --number --method --message --commit --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		comment) options='--action --number --method --message --commit --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		ready) options='--action --number --method --message --commit --repository --token --username --app-id --app-private-key --ssh-key --ssh-known-hosts --ca-certificate --skip-verify --no-skip-verify --forge --api-url --author-name --author-email --signing-key --dry-run --no-dry-run --log-level --timeout --outputs-dir --config --ci --help' ;;
		completion) values='bash zsh fish' ;;
	esac
	case "$step $before" in
		'bump-image --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'bump-image --log-level') values='debug info warn error' ;;
		'hold --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'hold --log-level') values='debug info warn error' ;;
		'promotion-pr --auto-merge') values='merge squash rebase' ;;
		'promotion-pr --wait') values='none merged closed' ;;
		'promotion-pr --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'promotion-pr --log-level') values='debug info warn error' ;;
		'review-promotion --action') values='show approve merge close comment ready' ;;
		'review-promotion --method') values='merge squash rebase' ;;
		'review-promotion --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'review-promotion --log-level') values='debug info warn error' ;;
		'rollback --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'rollback --log-level') values='debug info warn error' ;;
		'rolling-deploy --when-locked') values='wait fail ignore' ;;
		'rolling-deploy --report-on') values='manifests source' ;;
		'rolling-deploy --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'rolling-deploy --log-level') values='debug info warn error' ;;
		'tag-source --kind') values='ami deploy release other' ;;
		'tag-source --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'tag-source --log-level') values='debug info warn error' ;;
		'verify-deployment --log-level') values='debug info warn error' ;;
		'show --action') values='show approve merge close comment ready' ;;
		'show --method') values='merge squash rebase' ;;
		'show --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'show --log-level') values='debug info warn error' ;;
		'approve --action') values='show approve merge close comment ready' ;;
		'approve --method') values='merge squash rebase' ;;
		'approve --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'approve --log-level') values='debug info warn error' ;;
		'merge --action') values='show approve merge close comment ready' ;;
		'merge --method') values='merge squash rebase' ;;
		'merge --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'merge --log-level') values='debug info warn error' ;;
		'close --action') values='show approve merge close comment ready' ;;
		'close --method') values='merge squash rebase' ;;
		'close --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'close --log-level') values='debug info warn error' ;;
		'comment --action') values='show approve merge close comment ready' ;;
		'comment --method') values='merge squash rebase' ;;
		'comment --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'comment --log-level') values='debug info warn error' ;;
		'ready --action') values='show approve merge close comment ready' ;;
		'ready --method') values='merge squash rebase' ;;
		'ready --forge') values='github gitea forgejo gitlab bitbucket azure git' ;;
		'ready --log-level') values='debug info warn error' ;;
	esac
	if [ -n "$values" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -F _lockstep lockstep
