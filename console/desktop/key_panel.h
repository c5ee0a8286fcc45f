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
    /// Nothing is shown any more.
    void clear();
    const std::optional<KeyRecord>& record() const { return m_record; }
    /// What is shown, or being opened; empty: nothing.
    const QByteArray& key() const { return m_key; }
    /// Whether the value was edited and not saved.
    bool isDirty() const;
    void restyle();

    // What the buttons do; each on the record that is shown.
    void save();
    void removeKey();
    void applyTtl();
    void discardEdit();

protected:
    void resizeEvent(QResizeEvent* event) override;

Q_SIGNALS:
    void keyWritten(const QByteArray& key);
    void keyDeleted(const QByteArray& key);

private:
    enum class View { Text, Json, Hex };

    QLayout* makeBar();
    QLayout* makeFoot();
    QWidget* makeKeptBar();
    void showRecord(const KeyRecord& record);
    void showValue();
    void showFacts();
    void showTtl();
    void onExpired();
    void showCompact(bool isCompact);
    void refreshEnabled();
    void onEdited();
    QByteArray mine() const;
    void say(const QString& text, bool isTrouble = false);
    void onChanged(const KeyRecord& before, const std::optional<QByteArray>& value, const QString& label, int opened);
    void put(const QByteArray& mine, const KeyRecord& before);
    void onSaved(const QByteArray& mine, const KeyRecord& before, const KeyOutcome& outcome, int opened);
    void askAboutConflict(const QByteArray& mine);
    void showConflict(const QByteArray& mine, const KeyRecord& theirs);
    void saveToFile();
    QString failureText(const KeyOutcome& outcome) const;

    QLabel* m_facts;
    QWidget* m_kept; // the bar that says that there is an edit of before
    QLabel* m_keptText;
    ValueEditor* m_editor;
    QLabel* m_note;
    QButtonGroup* m_viewChoice;
    QPushButton* m_save;
    QPushButton* m_delete;
    QPushButton* m_toFile;
    QLineEdit* m_ttl;
    QPushButton* m_setTtl;
    QLabel* m_message;
    View m_view = View::Text;
    QByteArray m_key;
    std::optional<KeyRecord> m_record;
    bool m_isSaving = false;
    bool m_isCompact = false;
    bool m_isEditable = false;
    QTimer m_second; // while what is shown expires
    int m_opened = 0; // counts open(): answers to earlier ones are dropped
};

} // namespace quoit
