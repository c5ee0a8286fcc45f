#include "console/cluster/key_undo.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace quoit {

KeyUndo::KeyUndo(KeyStore& keys, QObject* parent)
    : QObject(parent)
    , m_keys(keys)
{}

void KeyUndo::push(KeyUndoStep step)
{
    step.number = ++m_lastNumber;
    m_steps.push_back(std::move(step));
    const auto bytes = [this] {
        return std::accumulate(
            m_steps.begin(), m_steps.end(), qsizetype(0),
            [](qsizetype sum, const KeyUndoStep& each) { return sum + each.before.value.size(); });
    };
    while (m_steps.size() > 1 && (int(m_steps.size()) > stepsMax || bytes() > bytesMax))
        m_steps.erase(m_steps.begin());
    Q_EMIT pushed();
}

void KeyUndo::clear()
{
    ++m_cleared;
    m_steps.clear();
}

void KeyUndo::undoLast()
{
    if (!m_steps.empty())
        undo(m_steps.back().number);
}

void KeyUndo::undo(int number)
{
    const auto found = std::ranges::find(m_steps, number, &KeyUndoStep::number);
    if (found == m_steps.end())
        return;
    const KeyUndoStep step = std::move(*found);
    m_steps.erase(found); // a second click finds nothing
    m_keys.load(step.before.key, [this, step, cleared = m_cleared](const KeyOutcome& outcome) {
        if (cleared != m_cleared)
            return;
        if (outcome.kind != KeyOutcome::Kind::Done)
            return giveUp(step, outcome);
        if (outcome.record.version != step.versionAfter)
            return Q_EMIT failed(tr("%1 was changed again since; nothing was undone.")
                                     .arg(QString::fromUtf8(step.before.key)));
        undoTo(step, outcome.record);
    });
}

void KeyUndo::undoTo(const KeyUndoStep& step, const KeyRecord& now)
{
    const auto done = [this, step, cleared = m_cleared](const KeyOutcome& outcome) {
        if (cleared != m_cleared)
            return;
        outcome.kind == KeyOutcome::Kind::Done ? finish(step) : giveUp(step, outcome);
    };
    if (step.before.isPresent)
        m_keys.put(step.before.key, step.before.value, now.version, step.before.expiresAtMs, done);
    else
        m_keys.remove(now, done);
}

/// The steps before this one led to a version that now has another name.
void KeyUndo::finish(const KeyUndoStep& step)
{
    const auto tell = [this, step] { Q_EMIT undone(step.before.key, step.before.isPresent, step.label); };
    m_keys.load(step.before.key, [this, step, tell, cleared = m_cleared](const KeyOutcome& outcome) {
        if (cleared != m_cleared)
            return;
        const KeyRecord& now = outcome.record;
        if (outcome.kind == KeyOutcome::Kind::Done && now.isPresent == step.before.isPresent &&
            now.value == step.before.value)
            for (KeyUndoStep& each : m_steps)
                if (each.before.key == step.before.key && each.versionAfter == step.before.version)
                    each.versionAfter = now.version;
        tell();
    });
}

void KeyUndo::giveUp(const KeyUndoStep& step, const KeyOutcome& outcome)
{
    // What certainly wasn't done can be tried again.
    if (outcome.kind == KeyOutcome::Kind::Failed) {
        const auto after = std::ranges::upper_bound(m_steps, step.number, {}, &KeyUndoStep::number);
        m_steps.insert(after, step);
    }
    Q_EMIT failed(outcome.kind == KeyOutcome::Kind::Unknown
                      ? tr("It may or may not have been undone: %1").arg(outcome.text)
                      : tr("Not undone: %1").arg(outcome.text));
}

} // namespace quoit
