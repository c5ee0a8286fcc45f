#include "console/desktop/key_panel.h"

#include "console/desktop/key_list_model.h"

#include <QFile>
#include <QFileDialog>
#include <QMessageBox>

namespace quoit {

KeyPanel::KeyPanel(Workspace& workspace, QWidget* parent)
    : Card(workspace, tr("No key selected"), parent)
{
    m_facts = new QLabel;
    m_facts->setTextInteractionFlags(Qt::TextSelectableByMouse);
    body()->addWidget(m_facts);
    body()->addLayout(makeBar());
    m_editor = new ValueEditor;
    m_editor->setAccessibleName(tr("Value"));
    m_editor->setPlaceholderText(tr("Select a key, or make a new one."));
    connect(m_editor, &QPlainTextEdit::textChanged, this, [this] {
        if (m_record && m_isEditable)
            m_save->setEnabled(m_editor->exactText().toUtf8() != m_record->value || !m_record->isPresent);
    });
    body()->addWidget(m_editor, 1);
    m_note = new QLabel;
    m_note->setWordWrap(true);
    m_note->setForegroundRole(QPalette::PlaceholderText);
    m_note->hide();
    body()->addWidget(m_note);
    body()->addLayout(makeFoot());
    connect(&m_second, &QTimer::timeout, this, [this] {
        showFacts();
        showTtl();
    });
    setEnabledAll(false);
    restyle();
}

QLayout* KeyPanel::makeBar()
{
    auto* bar = new QHBoxLayout;
    bar->setSpacing(6);
    m_viewChoice = new QButtonGroup(this);
    const std::array<QString, 3> names = {tr("Text"), tr("JSON"), tr("Hex")};
    for (int i = 0; i < 3; ++i) {
        auto* choice = new QPushButton(names[std::size_t(i)]);
        choice->setCheckable(true);
        choice->setChecked(i == 0);
        m_viewChoice->addButton(choice, i);
        bar->addWidget(choice);
    }
    connect(m_viewChoice, &QButtonGroup::idClicked, this, [this](int id) {
        m_view = View(id);
        showValue();
    });
    bar->addStretch(1);
    const auto button = [&](const QString& text, auto handler) {
        auto* made = new QPushButton(text);
        connect(made, &QPushButton::clicked, this, handler);
        bar->addWidget(made);
        return made;
    };
    m_toFile = button(tr("Save to file…"), &KeyPanel::saveToFile);
    m_delete = button(tr("Delete"), &KeyPanel::removeKey);
    m_delete->setProperty("kind", QStringLiteral("danger"));
    m_save = button(tr("Save"), &KeyPanel::save);
    m_save->setProperty("kind", QStringLiteral("primary"));
    m_save->setShortcut(QKeySequence::Save);
    return bar;
}

QLayout* KeyPanel::makeFoot()
{
    auto* foot = new QHBoxLayout;
    foot->setSpacing(6);
    auto* label = new QLabel(tr("Expires in"));
    m_ttl = new QLineEdit;
    m_ttl->setPlaceholderText(tr("never"));
    m_ttl->setToolTip(tr("90 s, 15 min, 2 h, 7 d; empty: never"));
    m_ttl->setAccessibleName(tr("Time to live"));
    m_ttl->setFixedWidth(110);
    connect(m_ttl, &QLineEdit::returnPressed, this, &KeyPanel::applyTtl);
    m_setTtl = new QPushButton(tr("Set"));
    m_setTtl->setAccessibleName(tr("Set time to live"));
    connect(m_setTtl, &QPushButton::clicked, this, &KeyPanel::applyTtl);
    m_message = new QLabel;
    m_message->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_undo = new QPushButton(tr("Undo"));
    m_undo->setProperty("kind", QStringLiteral("quiet"));
    m_undo->hide();
    connect(m_undo, &QPushButton::clicked, this, &KeyPanel::undo);
    foot->addWidget(label);
    foot->addWidget(m_ttl);
    foot->addWidget(m_setTtl);
    foot->addWidget(m_message, 1);
    foot->addWidget(m_undo);
    return foot;
}

void KeyPanel::restyle()
{
    const Theme& theme = m_workspace.theme();
    m_editor->setFont(m_workspace.theme().mono);
    m_delete->setIcon(themedIcon(QStringLiteral("trash"), theme));
    m_toFile->setIcon(themedIcon(QStringLiteral("download"), theme));
    m_undo->setIcon(themedIcon(QStringLiteral("undo"), theme));
    if (m_record)
        showFacts();
}

void KeyPanel::setEnabledAll(bool isEnabled)
{
    for (QPushButton* button : {m_toFile, m_delete, m_setTtl})
        button->setEnabled(isEnabled);
    for (QAbstractButton* button : m_viewChoice->buttons())
        button->setEnabled(isEnabled);
    m_ttl->setEnabled(isEnabled);
    m_editor->setEnabled(isEnabled);
    m_save->setEnabled(false);
}

void KeyPanel::open(const QByteArray& key)
{
    const int opened = ++m_opened;
    m_workspace.keys().load(key, [this, opened](const KeyOutcome& outcome) {
        if (opened != m_opened)
            return;
        if (outcome.kind == KeyOutcome::Kind::Done)
            showRecord(outcome.record);
        else
            say(outcome.text, true);
    });
}

void KeyPanel::openNew(const QByteArray& key)
{
    ++m_opened;
    KeyRecord record;
    record.key = key;
    showRecord(record);
    m_save->setEnabled(true);
    m_editor->setFocus();
}

void KeyPanel::showRecord(const KeyRecord& record)
{
    m_record = record;
    setTitle(keyText(record.key));
    setEnabledAll(true);
    m_delete->setEnabled(record.isPresent);
    m_toFile->setEnabled(record.isPresent);
    m_ttl->setModified(false);
    showTtl();
    record.expiresAtMs ? m_second.start(1000) : m_second.stop();
    say({});
    showFacts();
    showValue();
}

void KeyPanel::showFacts()
{
    const QString faint = m_workspace.theme().mutedText.name();
    const auto fact = [&](const QString& name, const QString& value) {
        return QStringLiteral("<span style=\"color:%1\">%2</span>&nbsp;%3").arg(faint, name, value.toHtmlEscaped());
    };
    QStringList facts;
    if (m_record->isPresent) {
        facts << fact(tr("Value"), numberText(double(m_record->value.size()), Unit::Bytes));
        facts << fact(tr("Version"), QString::fromStdString(m_record->version));
        const auto ttlMs = m_record->ttlMs();
        facts << fact(tr("Expires"), !ttlMs        ? tr("never")
                                     : *ttlMs == 0 ? tr("it has")
                                                   : tr("in %1").arg(durationText(*ttlMs)));
    } else {
        facts << tr("Not there yet: saving makes it.");
    }
    m_facts->setText(facts.join(QStringLiteral(" &nbsp;&nbsp; ")));
}

/// What remains, unless somebody is typing there.
void KeyPanel::showTtl()
{
    if (m_ttl->hasFocus() || m_ttl->isModified())
        return;
    const auto ttlMs = m_record->ttlMs();
    m_ttl->setText(ttlMs ? durationText(*ttlMs) : QString());
}

void KeyPanel::showValue()
{
    if (!m_record)
        return;
    const QByteArray& value = m_record->value;
    const ValueText shown = m_view == View::Text   ? asPlainText(value)
                            : m_view == View::Json ? asJson(value)
                                                   : asHex(value);
    m_isEditable = false; // while the text changes
    m_editor->setPlainText(shown.text);
    QString note = shown.whyReadOnly;
    m_isEditable = m_view == View::Text && shown.isWhole;
    // Whatever the field made of it: what would be saved has to be what is there.
    if (m_isEditable && m_editor->exactText().toUtf8() != value) {
        m_isEditable = false;
        note = tr("A text field can't keep all characters of this value, so this is for reading only.");
    }
    m_editor->setReadOnly(!m_isEditable);
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
    m_save->setEnabled(m_isEditable && !m_record->isPresent);
}

void KeyPanel::say(const QString& text, bool isTrouble)
{
    QPalette palette = m_message->palette();
    palette.setColor(QPalette::WindowText, isTrouble ? m_workspace.theme().down : m_workspace.theme().mutedText);
    m_message->setPalette(palette);
    m_message->setText(text);
    m_undo->setVisible(m_undoStep.has_value() && !isTrouble && !text.isEmpty());
}

QString KeyPanel::failureText(const KeyOutcome& outcome) const
{
    return outcome.kind == KeyOutcome::Kind::Unknown ? tr("It may or may not have been done: %1").arg(outcome.text)
                                                     : outcome.text;
}

void KeyPanel::save()
{
    if (!m_record || !m_isEditable)
        return;
    const KeyRecord before = *m_record;
    const QByteArray mine = m_editor->exactText().toUtf8();
    m_save->setEnabled(false);
    m_workspace.keys().put(before.key, mine, before.version, before.expiresAtMs,
                           [this, mine, before](const KeyOutcome& outcome) { onSaved(mine, before, outcome); });
}

void KeyPanel::onSaved(const QByteArray& mine, const KeyRecord& before, const KeyOutcome& outcome)
{
    if (outcome.kind == KeyOutcome::Kind::Done) {
        Q_EMIT keyWritten(before.key);
        return onChanged(before, tr("Saved %1").arg(keyText(before.key)));
    }
    const bool isShown = m_record && m_record->key == before.key;
    if (isShown)
        m_save->setEnabled(m_isEditable);
    if (outcome.kind == KeyOutcome::Kind::Conflict && isShown)
        askAboutConflict(mine);
    else if (outcome.kind == KeyOutcome::Kind::Expired && isShown)
        onExpired();
    else
        say(failureText(outcome), true);
}

/// What was typed stays; it can be saved as a new key.
void KeyPanel::onExpired()
{
    const QByteArray key = m_record->key;
    m_record = KeyRecord();
    m_record->key = key;
    m_second.stop();
    m_delete->setEnabled(false);
    showTtl();
    showFacts();
    say(tr("It expired meanwhile. Saving makes it anew, for ever."), true);
}

/// Reads what is there now, for the version that follows it, and offers the way back.
void KeyPanel::onChanged(const KeyRecord& before, const QString& label)
{
    const int opened = ++m_opened;
    m_workspace.keys().load(before.key, [this, opened, before, label](const KeyOutcome& outcome) {
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(outcome.text, true);
        m_undoStep = UndoStep{before, outcome.record.version, label};
        if (opened == m_opened)
            showRecord(outcome.record);
        say(label);
    });
}

void KeyPanel::askAboutConflict(const QByteArray& mine)
{
    m_workspace.keys().load(m_record->key, [this, mine](const KeyOutcome& outcome) {
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(outcome.text, true);
        const KeyRecord theirs = outcome.record;
        auto* question =
            new QMessageBox(QMessageBox::Warning, tr("Somebody else changed this key"),
                            tr("%1 was changed since you opened it. Nothing was overwritten.").arg(keyText(theirs.key)),
                            QMessageBox::Cancel, this);
        question->setObjectName(QStringLiteral("conflict"));
        const auto shortText = [](const QByteArray& value) {
            const ValueText text = asPlainText(value.left(400));
            return text.isPossible ? text.text : QStringLiteral("%1 bytes").arg(value.size());
        };
        question->setInformativeText(
            tr("Theirs:\n%1\n\nYours:\n%2")
                .arg(theirs.isPresent ? shortText(theirs.value) : tr("(deleted)"), shortText(mine)));
        QPushButton* overwrite = question->addButton(tr("Overwrite theirs"), QMessageBox::DestructiveRole);
        QPushButton* take = question->addButton(tr("Take theirs"), QMessageBox::AcceptRole);
        connect(overwrite, &QPushButton::clicked, this, [this, mine, theirs] {
            m_workspace.keys().put(theirs.key, mine, theirs.version, theirs.expiresAtMs,
                                   [=, this](const KeyOutcome& again) { onSaved(mine, theirs, again); });
        });
        connect(take, &QPushButton::clicked, this, [this, theirs] { showRecord(theirs); });
        question->setAttribute(Qt::WA_DeleteOnClose);
        question->open();
    });
}

void KeyPanel::removeKey()
{
    if (!m_record || !m_record->isPresent)
        return;
    const KeyRecord before = *m_record;
    m_workspace.keys().remove(before, [this, before](const KeyOutcome& outcome) {
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(failureText(outcome), true);
        Q_EMIT keyDeleted(before.key);
        onChanged(before, tr("Deleted %1").arg(keyText(before.key)));
    });
}

void KeyPanel::applyTtl()
{
    if (!m_record || !m_record->isPresent)
        return;
    const QString text = m_ttl->text().trimmed();
    const auto ttlMs = parseDuration(text);
    if (!ttlMs && !text.isEmpty())
        return say(tr("Not a time: say 90 s, 15 min, 2 h or 7 d; nothing for never."), true);
    const KeyRecord before = *m_record;
    m_workspace.keys().setTtl(before, ttlMs, [this, before](const KeyOutcome& outcome) {
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(failureText(outcome), true);
        onChanged(before, tr("Changed when %1 expires").arg(keyText(before.key)));
    });
}

void KeyPanel::undo()
{
    if (!m_undoStep)
        return;
    const UndoStep step = *std::exchange(m_undoStep, {});
    m_workspace.keys().load(step.before.key, [this, step](const KeyOutcome& outcome) {
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(outcome.text, true);
        if (outcome.record.version != step.versionAfter)
            return say(tr("It was changed again since; nothing was undone."), true);
        undoTo(step, outcome.record);
    });
}

void KeyPanel::undoTo(const UndoStep& step, const KeyRecord& now)
{
    const auto done = [this, step](const KeyOutcome& outcome) {
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(failureText(outcome), true);
        if (step.before.isPresent)
            Q_EMIT keyWritten(step.before.key);
        else
            Q_EMIT keyDeleted(step.before.key);
        open(step.before.key);
    };
    if (step.before.isPresent)
        m_workspace.keys().put(step.before.key, step.before.value, now.version, step.before.expiresAtMs, done);
    else
        m_workspace.keys().remove(now, done);
}

void KeyPanel::saveToFile()
{
    if (!m_record)
        return;
    const QString name = QFileDialog::getSaveFileName(this, tr("Save value"), QStringLiteral("value"));
    if (name.isEmpty())
        return;
    QFile file(name);
    if (!file.open(QIODevice::WriteOnly) || file.write(m_record->value) != m_record->value.size())
        say(tr("%1 can't be written: %2").arg(name, file.errorString()), true);
}

} // namespace quoit
