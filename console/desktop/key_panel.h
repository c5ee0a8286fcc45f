// console/desktop/key_panel.h - one key: its value as text, JSON or hex, its time to live; save, delete, undo.
#pragma once

#include "console/desktop/cards.h"
#include "console/desktop/value_editor.h"
#include "console/desktop/value_text.h"

#include <QButtonGroup>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTimer>

#include <optional>

namespace quoit {

class KeyPanel : public Card
{
    Q_OBJECT

public:
    explicit KeyPanel(Workspace& workspace, QWidget* parent = nullptr);

    /// Reads a key and shows it.
    void open(const QByteArray& key);
    /// An empty value for a key that isn't there yet; Save writes it, unless somebody else does so first.
    void openNew(const QByteArray& key);
    const std::optional<KeyRecord>& record() const { return m_record; }
    void restyle();

    // What the buttons do; each on the record that is shown.
    void save();
    void removeKey();
    void applyTtl();
    void undo();

Q_SIGNALS:
    void keyWritten(const QByteArray& key);
    void keyDeleted(const QByteArray& key);

private:
    enum class View { Text, Json, Hex };
    /// The way back from the last change.
    struct UndoStep
    {
        KeyRecord before;
        std::string versionAfter; ///< "0": absent
        QString label;
    };

    QLayout* makeBar();
    QLayout* makeFoot();
    void showRecord(const KeyRecord& record);
    void showValue();
    void showFacts();
    void showTtl();
    void onExpired();
    void setEnabledAll(bool isEnabled);
    void say(const QString& text, bool isTrouble = false);
    void onChanged(const KeyRecord& before, const QString& label);
    void onSaved(const QByteArray& mine, const KeyRecord& before, const KeyOutcome& outcome);
    void askAboutConflict(const QByteArray& mine);
    void undoTo(const UndoStep& step, const KeyRecord& now);
    void saveToFile();
    QString failureText(const KeyOutcome& outcome) const;

    QLabel* m_facts;
    ValueEditor* m_editor;
    QLabel* m_note;
    QButtonGroup* m_viewChoice;
    QPushButton* m_save;
    QPushButton* m_delete;
    QPushButton* m_toFile;
    QLineEdit* m_ttl;
    QPushButton* m_setTtl;
    QLabel* m_message;
    QPushButton* m_undo;
    View m_view = View::Text;
    std::optional<KeyRecord> m_record;
    bool m_isEditable = false;
    std::optional<UndoStep> m_undoStep;
    QTimer m_second; // while what is shown expires
    int m_opened = 0; // counts open(): answers to earlier ones are dropped
};

} // namespace quoit
