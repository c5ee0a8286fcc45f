// tests/sim/bug_names.h - planted bugs by name, as the simulator and the documents call them.
#pragma once

#include "node/core/planted_bug.h"

namespace quoit::sim {

inline const char* nameOf(PlantedBug bug)
{
    switch (bug) {
    case PlantedBug::None:
        return "none";
    case PlantedBug::WriteBelowPromise:
        return "write-below-promise";
    case PlantedBug::ReadWithoutAgreement:
        return "read-without-agreement";
    case PlantedBug::MemoryOfOneVersion:
        return "memory-of-one-version";
    case PlantedBug::SetWithoutFind:
        return "set-without-find";
    case PlantedBug::NothingCarriedOver:
        return "nothing-carried-over";
    case PlantedBug::AnswerWithoutConfirming:
        return "answer-without-confirming";
    case PlantedBug::AnswerFromUnchosen:
        return "answer-from-unchosen";
    case PlantedBug::RunUnderAnyBallot:
        return "run-under-any-ballot";
    case PlantedBug::RequestDeliveredTwice:
        return "request-delivered-twice";
    case PlantedBug::LateFirstAttemptRuns:
        return "late-first-attempt-runs";
    case PlantedBug::RetryRunsAgain:
        return "retry-runs-again";
    case PlantedBug::ReadAgainAfterRecall:
        return "read-again-after-recall";
    case PlantedBug::RememberedMeansDone:
        return "remembered-means-done";
    case PlantedBug::SilenceMeansNever:
        return "silence-means-never";
    case PlantedBug::DeadVersionsMeanNever:
        return "dead-versions-mean-never";
    case PlantedBug::UnchangedLeavesNoTrace:
        return "unchanged-leaves-no-trace";
    case PlantedBug::EarlierUnchangedCounts:
        return "earlier-unchanged-counts";
    case PlantedBug::CopyOfUnchosen:
        return "copy-of-unchosen";
    case PlantedBug::PromiseNotSynced:
        return "promise-not-synced";
    case PlantedBug::RecordNotSynced:
        return "record-not-synced";
    case PlantedBug::OlderRecordNotSynced:
        return "older-record-not-synced";
    case PlantedBug::FsyncErrorIgnored:
        return "fsync-error-ignored";
    case PlantedBug::BallotUsedAgain:
        return "ballot-used-again";
    case PlantedBug::OperationIdUsedAgain:
        return "operation-id-used-again";
    case PlantedBug::ChecksumIgnored:
        return "checksum-ignored";
    case PlantedBug::ReaderJudgesExpiry:
        return "reader-judges-expiry";
    case PlantedBug::SharedRoundJoinedLate:
        return "shared-round-joined-late";
    case PlantedBug::ConfirmingRoundJoinedLate:
        return "confirming-round-joined-late";
    case PlantedBug::MajorityMinusOne:
        return "majority-minus-one";
    case PlantedBug::AppliedNotSettled:
        return "applied-not-settled";
    case PlantedBug::HintOfUnchosen:
        return "hint-of-unchosen";
    case PlantedBug::OldDiskAccepted:
        return "old-disk-accepted";
    case PlantedBug::Count:
        return "count";
    }
    return "?";
}

} // namespace quoit::sim
