//! A resume token is true only under the server's MAC, and only for a while.

use super::*;
use crate::auth::keys::Keys;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn key(dir: &tempfile::TempDir) -> ResumeKey {
    ResumeKey::new(Arc::new(Tokens::new(Keys::open(dir.path(), NOW).unwrap())))
}

fn claim() -> ResumeClaim {
    let (session, player, sign_in) = (SessionId::new(), PlayerId::new(), SignInId::new());
    ResumeClaim { session, player, sign_in, epoch: 3, generation: 7 }
}

#[test]
fn a_token_reads_back_as_its_claim_even_in_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    let claim = claim();
    let token = key(&dir).mint_at(claim, NOW);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert_eq!(key(&dir).read(&token, NOW), Ok(claim));
    let (before, at) = (NOW + RESUME_TTL - Duration::from_secs(1), NOW + RESUME_TTL);
    assert_eq!(key(&dir).read(&token, before), Ok(claim));
    assert_eq!(key(&dir).read(&token, at).unwrap_err().code, ErrorCode::ResumeExpired);
}

#[test]
fn a_token_that_was_touched_or_made_elsewhere_is_unknown() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key_of_ours = key(&ours);
    let token = key_of_ours.mint_at(claim(), NOW);
    let mut wrong: Vec<String> = (0..token.len())
        .map(|at| {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        })
        .collect();
    wrong.extend([
        "".into(),
        "x".repeat(200),
        token[..80].into(),
        format!("{token}A"),
        "é".repeat(60),
    ]);
    wrong.push(key(&theirs).mint_at(claim(), NOW));
    let of_no_epoch = ResumeClaim { epoch: ResumeClaim::EPOCH_UNKNOWN, ..claim() };
    wrong.push(key_of_ours.mint_at(of_no_epoch, NOW));
    for token in wrong {
        let error = key_of_ours.read(&token, NOW).unwrap_err();
        assert_eq!(error.code, ErrorCode::ResumeUnknown, "{token}");
    }
}
