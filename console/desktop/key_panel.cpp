#include "console/desktop/key_panel.h"

#include "console/desktop/key_list_model.h"
#include "console/desktop/sheet.h"

#include <QFile>
#include <QFileDialog>

namespace quoit {

namespace {

constexpr int compactBelow = 620;
constexpr int valueShownBytesMax = 400; ///< of each side of a conflict

} // namespace

KeyPanel::KeyPanel(Workspace& workspace, QWidget* parent)
    : Card(workspace, tr("No key selected"), parent)
{
    m_facts = new QLabel;
    m_facts->setTextInteractionFlags(Qt::TextSelectableByMouse);
    body()->addWidget(m_facts);
    m_facts->setWordWrap(true);
    body()->addLayout(makeBar());
    body()->addWidget(m_kept = makeKeptBar());
    m_editor = new ValueEditor;
    m_editor->setAccessibleName(tr("Value"));
    m_editor->setPlaceholderText(tr("Select a key, or make a new one."));
    connect(m_editor, &QPlainTextEdit::textChanged, this, &KeyPanel::onEdited);
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
    connect(&workspace, &Workspace::readOnlyChanged, this, &KeyPanel::showValue);
    connect(&workspace, &Workspace::readOnlyChanged, this, &KeyPanel::refreshEnabled);
    setMinimumWidth(360); // its buttons become icons where there isn't room for words
    refreshEnabled();
    restyle();
}

QWidget* KeyPanel::makeKeptBar()
{
    auto* bar = new QWidget;
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    m_keptText = new QLabel;
    m_keptText->setWordWrap(true);
    auto* discard = new QPushButton(tr("Discard"));
    discard->setAccessibleName(tr("Discard my edit"));
    connect(discard, &QPushButton::clicked, this, &KeyPanel::discardEdit);
    row->addWidget(m_keptText, 1);
    row->addWidget(discard);
    bar->hide();
    return bar;
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
        made->setAccessibleName(text);
        made->setToolTip(text);
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
    m_message->setWordWrap(true);
    foot->addWidget(label);
    foot->addWidget(m_ttl);
    foot->addWidget(m_setTtl);
    foot->addWidget(m_message, 1);
    return foot;
}

void KeyPanel::restyle()
{
    const Theme& theme = m_workspace.theme();
    m_editor->setFont(m_workspace.theme().mono);
    m_delete->setIcon(themedIcon(QStringLiteral("trash"), theme));
    m_toFile->setIcon(themedIcon(QStringLiteral("download"), theme));
    m_save->setIcon(m_isCompact ? themedIcon(QStringLiteral("save"), theme) : QIcon());
    if (m_record)
        showFacts();
}

void KeyPanel::resizeEvent(QResizeEvent* event)
{
    Card::resizeEvent(event);
    showCompact(width() < compactBelow);
}

void KeyPanel::showCompact(bool isCompact)
{
    if (isCompact == m_isCompact)
        return;
    m_isCompact = isCompact;
    for (QPushButton* button : {m_toFile, m_delete, m_save})
        button->setText(isCompact ? QString() : button->accessibleName());
    m_save->setShortcut(QKeySequence::Save); // setText() takes it away
    restyle();
}

void KeyPanel::refreshEnabled()
{
    const bool isShown = m_record.has_value();
    const bool isThere = isShown && m_record->isPresent;
    const bool isWritable = isShown && !m_workspace.isReadOnly() && !m_isSaving;
    setToolTip(m_workspace.whyNotChange());
    for (QAbstractButton* button : m_viewChoice->buttons())
        button->setEnabled(isShown);
    m_toFile->setEnabled(isThere);
    m_delete->setEnabled(isThere && isWritable);
    m_ttl->setEnabled(isThere && isWritable);
    m_setTtl->setEnabled(isThere && isWritable);
    m_editor->setEnabled(isShown);
    m_editor->setReadOnly(!m_isEditable || !isWritable);
    m_save->setEnabled(isWritable && (isDirty() || (!isThere && m_isEditable)));
}

bool KeyPanel::isDirty() const
{
    return m_record && m_workspace.drafts().contains(m_record->key);
}

/// What Save would write.
QByteArray KeyPanel::mine() const
{
    const KeyDraft* draft = m_workspace.drafts().find(m_record->key);
    return draft ? draft->text : m_record->value;
}

void KeyPanel::onEdited()
{
    if (!m_record || !m_isEditable)
        return;
    const QByteArray text = m_editor->exactText().toUtf8();
    if (text != m_record->value) {
        m_workspace.drafts().keep(m_record->key, m_record->version, text);
    } else {
        m_workspace.drafts().discard(m_record->key);
        m_kept->hide();
    }
    refreshEnabled();
}

void KeyPanel::discardEdit()
{
    if (!m_record)
        return;
    m_workspace.drafts().discard(m_record->key);
    open(m_record->key);
}

void KeyPanel::clear()
{
    ++m_opened;
    m_key.clear();
    m_record.reset();
    m_second.stop();
    m_isEditable = m_isSaving = false;
    setTitle(tr("No key selected"));
    m_editor->clear();
    m_facts->clear();
    m_note->hide();
    m_kept->hide();
    m_ttl->clear();
    say({});
    refreshEnabled();
}

void KeyPanel::open(const QByteArray& key)
{
    const int opened = ++m_opened;
    m_key = key;
    m_workspace.keys().load(key, [this, opened](const KeyOutcome& outcome) {
        if (opened != m_opened)
            return;
        if (outcome.kind == KeyOutcome::Kind::Done)
            return showRecord(outcome.record);
        m_key = m_record ? m_record->key : QByteArray(); // so that the next click tries again
        say(outcome.text, true);
    });
}

void KeyPanel::openNew(const QByteArray& key)
{
    ++m_opened;
    KeyRecord record;
    record.key = key;
    showRecord(record);
    m_editor->setFocus();
}

void KeyPanel::showRecord(const KeyRecord& record)
{
    KeyDrafts& drafts = m_workspace.drafts();
    m_key = record.key;
    m_record = record;
    m_isSaving = false;
    setTitle(keyText(record.key));
    if (const KeyDraft* draft = drafts.find(record.key); draft && draft->text == record.value && record.isPresent)
        drafts.discard(record.key);
    const KeyDraft* draft = drafts.find(record.key);
    m_kept->setVisible(draft != nullptr);
    if (draft) {
        m_keptText->setText(draft->version == record.version
                                ? tr("Your edit was kept. It isn't saved yet.")
                                : tr("Your edit was kept. Somebody else has changed the value since; saving asks."));
        m_record->version = draft->version; // what it is an edit of, so that theirs isn't overwritten unseen
    }
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
    const QByteArray value = mine();
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
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
    refreshEnabled();
}

void KeyPanel::say(const QString& text, bool isTrouble)
{
    QPalette palette = m_message->palette();
    palette.setColor(QPalette::WindowText, isTrouble ? m_workspace.theme().down : m_workspace.theme().mutedText);
    m_message->setPalette(palette);
    m_message->setText(text);
}

QString KeyPanel::failureText(const KeyOutcome& outcome) const
{
    return outcome.kind == KeyOutcome::Kind::Unknown ? tr("It may or may not have been done: %1").arg(outcome.text)
                                                     : outcome.text;
}

void KeyPanel::save()
{
    if (!m_record || m_isSaving || m_workspace.isReadOnly() || !(m_isEditable || isDirty()))
        return;
    put(mine(), *m_record);
}

/// @param before what it replaces
void KeyPanel::put(const QByteArray& mine, const KeyRecord& before)
{
    m_isSaving = true;
    refreshEnabled();
    m_workspace.keys().put(before.key, mine, before.version, before.expiresAtMs,
                           [this, mine, before, opened = m_opened](const KeyOutcome& outcome) {
                               onSaved(mine, before, outcome, opened);
                           });
}

void KeyPanel::onSaved(const QByteArray& mine, const KeyRecord& before, const KeyOutcome& outcome, int opened)
{
    const bool isShown = opened == m_opened;
    if (outcome.kind == KeyOutcome::Kind::Done) {
        m_workspace.drafts().discard(before.key);
        Q_EMIT keyWritten(before.key);
        return onChanged(before, mine, tr("Saved %1").arg(keyText(before.key)), opened);
    }
    if (isShown) {
        m_isSaving = false;
        refreshEnabled();
    }
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
    m_workspace.drafts().rebase(key, m_record->version);
    m_second.stop();
    m_ttl->setModified(false);
    showTtl();
    showFacts();
    refreshEnabled();
    say(tr("It expired meanwhile. Saving makes it anew, for ever."), true);
}

/// Reads what is there now, for the version that follows it, and offers the way back.
/// @param value what is there if nobody has changed it again; nothing: no key
void KeyPanel::onChanged(const KeyRecord& before, const std::optional<QByteArray>& value, const QString& label,
                         int opened)
{
    m_workspace.keys().load(before.key, [this, before, value, label, opened](const KeyOutcome& outcome) {
        const KeyRecord& now = outcome.record;
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(outcome.text, true);
        if (now.isPresent == value.has_value() && (!value || now.value == *value)) {
            m_workspace.keyUndo().push({0, before, now.version, label});
            if (const KeyDraft* draft = m_workspace.drafts().find(before.key);
                draft && draft->version == before.version)
                m_workspace.drafts().rebase(before.key, now.version);
        }
        if (opened != m_opened)
            return; // another key is shown by now
        showRecord(now);
        say(label);
    });
}

void KeyPanel::askAboutConflict(const QByteArray& mine)
{
    m_workspace.keys().load(m_record->key, [this, mine, opened = m_opened](const KeyOutcome& outcome) {
        if (opened != m_opened)
            return;
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(outcome.text, true);
        showConflict(mine, outcome.record);
    });
}

void KeyPanel::showConflict(const QByteArray& mine, const KeyRecord& theirs)
{
    auto* question = new Sheet(tr("Somebody else changed this key"),
                               tr("%1 was changed since you opened it. Nothing was overwritten.").arg(keyText(theirs.key)),
                               this);
    question->setObjectName(QStringLiteral("conflict"));
    auto* values = new QWidget;
    auto* grid = new QGridLayout(values);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(12);
    const auto show = [&](int place, const QString& title, const QByteArray& value, bool isPresent) {
        const ValueText text = asPlainText(value.left(valueShownBytesMax));
        auto* field = new QPlainTextEdit(!isPresent        ? tr("(deleted)")
                                         : text.isPossible ? text.text
                                                           : tr("%1 bytes that aren't text").arg(value.size()));
        field->setReadOnly(true);
        field->setTabChangesFocus(true);
        field->setFont(m_workspace.theme().mono);
        field->setAccessibleName(title);
        field->setFixedHeight(110);
        grid->addWidget(new QLabel(title), 0, place);
        grid->addWidget(field, 1, place);
    };
    show(0, tr("Theirs"), theirs.value, theirs.isPresent);
    show(1, tr("Yours"), mine, true);
    question->addWidget(values);
    question->addButton(tr("Take theirs"), Sheet::Button::Plain, [this, theirs] {
        m_workspace.drafts().discard(theirs.key);
        showRecord(theirs);
    });
    question->addButton(tr("Overwrite theirs"), Sheet::Button::Danger, [this, mine, theirs] { put(mine, theirs); });
    question->open();
}

void KeyPanel::removeKey()
{
    if (!m_record || !m_record->isPresent || m_workspace.isReadOnly())
        return;
    const KeyRecord before = *m_record;
    m_workspace.keys().remove(before, [this, before, opened = m_opened](const KeyOutcome& outcome) {
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(failureText(outcome), true);
        m_workspace.drafts().discard(before.key);
        Q_EMIT keyDeleted(before.key);
        onChanged(before, {}, tr("Deleted %1").arg(keyText(before.key)), opened);
    });
}

void KeyPanel::applyTtl()
{
    if (!m_record || !m_record->isPresent || m_workspace.isReadOnly())
        return;
    const QString text = m_ttl->text().trimmed();
    const auto ttlMs = parseDuration(text);
    if (!ttlMs && !text.isEmpty())
        return say(tr("Not a time: say 90 s, 15 min, 2 h or 7 d; nothing for never."), true);
    const KeyRecord before = *m_record;
    m_workspace.keys().setTtl(before, ttlMs, [this, before, opened = m_opened](const KeyOutcome& outcome) {
        if (outcome.kind != KeyOutcome::Kind::Done)
            return say(failureText(outcome), true);
        m_ttl->setModified(false);
        onChanged(before, before.value, tr("Changed when %1 expires").arg(keyText(before.key)), opened);
    });
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
