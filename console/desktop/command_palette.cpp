#include "console/desktop/command_palette.h"

#include "console/desktop/key_list_model.h"

#include <QKeyEvent>
#include <QVBoxLayout>

#include <algorithm>

namespace quoit {

namespace {

constexpr int keyEntry = -1;
constexpr int entryRole = Qt::UserRole;
constexpr int keyRole = Qt::UserRole + 1;

/// How well an entry fits: smaller is better; -1: not at all. Every word typed must begin or lie in it.
int misfit(const QString& text, const QString& typed)
{
    int sum = 0;
    for (const QString& word : typed.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
        const qsizetype at = text.indexOf(word, 0, Qt::CaseInsensitive);
        if (at < 0)
            return -1;
        sum += at == 0 ? 0 : text[at - 1].isLetterOrNumber() ? 20 : 5;
    }
    return sum;
}

} // namespace

CommandPalette::CommandPalette(Workspace& workspace, std::vector<PaletteEntry> entries,
                               std::function<void(const QByteArray&)> openKey, QWidget* parent)
    : QDialog(parent, Qt::Popup | Qt::FramelessWindowHint)
    , m_workspace(workspace)
    , m_entries(std::move(entries))
    , m_openKey(std::move(openKey))
    , m_finder(workspace.browser(),
               [&keys = workspace.keys()](const QByteArray& key, KeyFinder::Answer answer) {
                   keys.exists(key, std::move(answer));
               })
    , m_field(new QLineEdit)
    , m_list(new QListWidget)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setAccessibleName(tr("Go to"));
    resize(520, 380);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(10, 10, 10, 10);
    m_field->setPlaceholderText(tr("A page, an action, a node, or a key"));
    m_field->setAccessibleName(tr("Go to"));
    m_field->installEventFilter(this);
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setIconSize(QSize(16, 16));
    column->addWidget(m_field);
    column->addWidget(m_list, 1);
    connect(m_field, &QLineEdit::textChanged, this, &CommandPalette::filter);
    connect(m_field, &QLineEdit::returnPressed, this, &CommandPalette::choose);
    connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::choose);
    connect(&m_finder, &KeyFinder::changed, this, &CommandPalette::showFound);
    filter({});
    m_field->setFocus();
}

QStringList CommandPalette::shownTexts() const
{
    QStringList texts;
    for (int row = 0; row < m_list->count(); ++row)
        texts << m_list->item(row)->text();
    return texts;
}

void CommandPalette::filter(const QString& typed)
{
    std::vector<std::pair<int, int>> fitting; // misfit, entry
    for (int i = 0; i < int(m_entries.size()); ++i)
        if (const int each = misfit(m_entries[std::size_t(i)].text, typed); each >= 0)
            fitting.emplace_back(each, i);
    std::ranges::stable_sort(fitting, {}, &std::pair<int, int>::first);
    m_list->clear();
    m_exact = nullptr;
    m_matchesShown = 0;
    for (const auto& [each, entry] : fitting)
        add(m_entries[std::size_t(entry)].text, m_entries[std::size_t(entry)].iconName, entry);
    if (m_openKey) {
        m_finder.find(typed.toUtf8());
        if (!typed.isEmpty()) {
            add(tr("Open key “%1”").arg(typed), QStringLiteral("keys"), keyEntry, typed.toUtf8());
            m_exact = m_list->item(m_list->count() - 1);
        }
    }
    m_list->setCurrentRow(0);
}

void CommandPalette::add(const QString& text, const QString& iconName, int entry, const QByteArray& key)
{
    auto* item = new QListWidgetItem(themedIcon(iconName, m_workspace.theme()), text, m_list);
    item->setData(entryRole, entry);
    item->setData(keyRole, key);
    item->setSizeHint(QSize(0, 34));
}

/// Rows only come at the end, and what is chosen stays chosen.
void CommandPalette::showFound()
{
    if (m_exact && m_finder.exact() != KeyFinder::Exact::Unknown) {
        const QString typed = m_field->text();
        m_exact->setText(m_finder.exact() == KeyFinder::Exact::Present ? tr("Key “%1”").arg(typed)
                                                                       : tr("There is no key “%1” yet").arg(typed));
    }
    for (; m_matchesShown < m_finder.matches().size(); ++m_matchesShown) {
        const QByteArray& key = m_finder.matches()[m_matchesShown];
        add(keyText(key), QStringLiteral("keys"), keyEntry, key);
    }
}

void CommandPalette::choose()
{
    const QListWidgetItem* item = m_list->currentItem();
    if (!item)
        return;
    const int entry = item->data(entryRole).toInt();
    const QByteArray key = item->data(keyRole).toByteArray();
    close();
    if (entry == keyEntry)
        m_openKey(key);
    else
        m_entries[std::size_t(entry)].run();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int step = key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : 0;
        if (step != 0) {
            m_list->setCurrentRow(std::clamp(m_list->currentRow() + step, 0, m_list->count() - 1));
            return true;
        }
    }
    return QDialog::eventFilter(watched, event);
}

void CommandPalette::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), m_workspace.theme().surface);
    painter.setPen(QPen(m_workspace.theme().border, 1));
    painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
}

} // namespace quoit
