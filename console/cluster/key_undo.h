// console/cluster/key_undo.h - the ways back from the last changes of keys that were made here. A step is undone only
// if nobody has changed the key since.
#pragma once

#include "console/cluster/key_record.h"

#include <QObject>

#include <vector>

namespace quoit {

struct KeyUndoStep
{
    int number = 0; ///< grows; given by push()
    KeyRecord before;
    std::string versionAfter; ///< "0": absent
    QString label;            ///< what was done, for people
};

class KeyUndo : public QObject
{
    Q_OBJECT

public:
    static constexpr int stepsMax = 20;
    static constexpr qsizetype bytesMax = 64 * 1024 * 1024; ///< of all values; the latest step is kept in any case

    /// @param keys must outlive this
    explicit KeyUndo(KeyStore& keys, QObject* parent = nullptr);

    void push(KeyUndoStep step);
    /// The latest last.
    const std::vector<KeyUndoStep>& steps() const { return m_steps; }
    /// undone() or failed() follows. Nothing happens if there is no such step (any more).
    void undo(int number);
    void undoLast();
    void clear();

Q_SIGNALS:
    /// There is a new step, the last of steps().
    void pushed();
    void undone(const QByteArray& key, bool isPresent, const QString& label);
    /// Nothing was undone. @param text for people
    void failed(const QString& text);

private:
    void undoTo(const KeyUndoStep& step, const KeyRecord& now);
    void finish(const KeyUndoStep& step);
    void giveUp(const KeyUndoStep& step, const KeyOutcome& outcome);

    KeyStore& m_keys;
    std::vector<KeyUndoStep> m_steps;
    int m_lastNumber = 0;
    int m_cleared = 0; ///< counts clear(): what was under way then must not come back
};

} // namespace quoit
