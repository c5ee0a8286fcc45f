#include "console/desktop/keys_page.h"

#include "console/desktop/sheet.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QStyledItemDelegate>

namespace quoit {

namespace {

constexpr int typingMs = 250;
constexpr int listWidthMin = 220;
constexpr int listWidthMax = 330;

/// A key, and a dot if it was edited and not saved.
class KeyDelegate : public QStyledItemDelegate
{
public:
    KeyDelegate(Workspace& workspace, QObject* parent)
        : QStyledItemDelegate(parent)
        , m_workspace(workspace)
    {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        QStyledItemDelegate::paint(painter, option, index);
        if (!m_workspace.drafts().contains(index.data(KeyListModel::KeyRole).toByteArray()))
            return;
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(m_workspace.theme().accent);
        painter->drawEllipse(QPointF(option.rect.right() - 10, option.rect.center().y() + 0.5), 4, 4);
        painter->restore();
    }

private:
    Workspace& m_workspace;
};

} // namespace

KeysPage::KeysPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Keys"), QStringLiteral("keys"), parent)
{
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(20, 16, 20, 20);
    m_row->setSpacing(12);
    m_listCard = new Card(workspace, {});
    auto* top = new QHBoxLayout;
    m_prefix = new QLineEdit;
    m_prefix->setPlaceholderText(tr("Prefix, or user:*:name"));
    m_prefix->setToolTip(tr("Keys that begin with this, or that fit a pattern with *, ? or [a-z]"));
    m_prefix->setAccessibleName(tr("Prefix or pattern of keys"));
    m_prefix->setClearButtonEnabled(true);
    m_new = new QPushButton(tr("New"));
    m_new->setToolTip(tr("Make a new key"));
    connect(m_new, &QPushButton::clicked, this, &KeysPage::askForNewKey);
    top->addWidget(m_prefix, 1);
    top->addWidget(m_new);
    m_listCard->body()->addLayout(top);
    m_model = new KeyListModel(workspace.browser(), this);
    m_list = new QListView;
    m_list->setModel(m_model);
    m_list->setItemDelegate(new KeyDelegate(workspace, this));
    m_list->setTextElideMode(Qt::ElideMiddle);
    m_list->setUniformItemSizes(true);
    m_list->setAccessibleName(tr("Keys"));
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_listCard->body()->addWidget(m_list, 1);
    auto* foot = new QHBoxLayout;
    m_progress = new QLabel;
    m_stop = new QPushButton(tr("Stop"));
    m_stop->setProperty("kind", QStringLiteral("quiet"));
    connect(m_stop, &QPushButton::clicked, &workspace.browser(), &KeyBrowser::stop);
    foot->addWidget(m_progress, 1);
    foot->addWidget(m_stop);
    m_listCard->body()->addLayout(foot);
    m_readOnly = new QCheckBox(tr("Read only"));
    m_readOnly->setToolTip(tr("Nothing here writes to this cluster. Kept for this cluster."));
    connect(m_readOnly, &QCheckBox::toggled, &workspace, &Workspace::setReadOnly);
    m_listCard->body()->addWidget(m_readOnly);
    m_row->addWidget(m_listCard);
    m_panel = new KeyPanel(workspace);
    m_row->addWidget(m_panel, 1);

    m_typing.setSingleShot(true);
    connect(&m_typing, &QTimer::timeout, this, &KeysPage::browse);
    connect(m_prefix, &QLineEdit::textChanged, this, [this] { m_typing.start(typingMs); });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &KeysPage::onCurrentChanged);
    connect(m_list, &QListView::clicked, this, &KeysPage::onCurrentChanged);
    connect(m_list, &QListView::activated, this,
            [this](const QModelIndex& index) { m_panel->open(m_model->keyAt(index.row())); });
    connect(&workspace.browser(), &KeyBrowser::progressed, this, &KeysPage::showProgress);
    connect(m_panel, &KeyPanel::keyWritten, &workspace.browser(), &KeyBrowser::noteKey);
    connect(m_panel, &KeyPanel::keyDeleted, this, &KeysPage::forgetKey);
    connect(&workspace.keyUndo(), &KeyUndo::undone, this, &KeysPage::onUndone);
    connect(&workspace.drafts(), &KeyDrafts::changed, m_list->viewport(), qOverload<>(&QWidget::update));
    connect(&workspace, &Workspace::readOnlyChanged, this, &KeysPage::refreshReadOnly);
    connect(&workspace.monitor(), &ClusterMonitor::stateChanged, this, [this] {
        if (m_workspace.monitor().state() == PictureState::Disconnected)
            m_panel->clear();
    });
    refreshReadOnly();
    restyle();
    arrange(false);
}

void KeysPage::arrange(bool isNarrow)
{
    m_row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_listCard->setMinimumWidth(listWidthMin);
    m_listCard->setMaximumWidth(isNarrow ? QWIDGETSIZE_MAX : listWidthMax);
    m_listCard->setMinimumHeight(240);
    m_panel->setMinimumHeight(300);
}

void KeysPage::restyle()
{
    m_new->setIcon(themedIcon(QStringLiteral("plus"), m_workspace.theme()));
    m_list->setFont(m_workspace.theme().mono);
    m_panel->restyle();
}

void KeysPage::showEvent(QShowEvent* event)
{
    Page::showEvent(event);
    if (!m_isBrowsed)
        browse();
}

void KeysPage::refresh()
{
    // Another cluster has other keys.
    if (m_browsedSeeds != m_workspace.monitor().seeds())
        browse();
    showProgress();
}

void KeysPage::browse()
{
    m_isBrowsed = true;
    m_browsedSeeds = m_workspace.monitor().seeds();
    m_workspace.browser().browse(m_prefix->text().toUtf8());
}

void KeysPage::openKey(const QString& key)
{
    showCurrent(key.toUtf8());
    m_panel->open(key.toUtf8());
}

/// Marks a key in the list, or none if it isn't there; nothing is opened.
void KeysPage::showCurrent(const QByteArray& key)
{
    m_isFollowing = true;
    const qsizetype row = m_workspace.browser().keys().indexOf(key);
    if (row >= 0)
        m_list->setCurrentIndex(m_model->index(int(row)));
    else
        m_list->selectionModel()->clear();
    m_isFollowing = false;
}

void KeysPage::onCurrentChanged(const QModelIndex& now)
{
    if (!m_isFollowing && now.isValid() && m_model->keyAt(now.row()) != m_panel->key())
        m_panel->open(m_model->keyAt(now.row()));
}

/// The list would move on to the next key, which isn't the one that is shown.
void KeysPage::forgetKey(const QByteArray& key)
{
    m_isFollowing = true;
    if (m_model->keyAt(m_list->currentIndex().row()) == key)
        m_list->selectionModel()->clear();
    m_workspace.browser().forgetKey(key);
    m_isFollowing = false;
}

void KeysPage::onUndone(const QByteArray& key, bool isPresent)
{
    if (isPresent)
        m_workspace.browser().noteKey(key);
    else
        forgetKey(key);
    if (m_panel->key() != key)
        return;
    showCurrent(key);
    m_panel->open(key);
}

void KeysPage::refreshReadOnly()
{
    m_readOnly->setChecked(m_workspace.isReadOnly());
    m_new->setEnabled(!m_workspace.isReadOnly());
}

void KeysPage::askForNewKey()
{
    auto* sheet = new Sheet(tr("New key"), {}, this);
    sheet->setObjectName(QStringLiteral("newKey"));
    auto* field = new QLineEdit(KeyBrowser::isPattern(m_prefix->text().toUtf8()) ? QString() : m_prefix->text());
    field->setAccessibleName(tr("Key"));
    field->setPlaceholderText(tr("Its name"));
    sheet->addWidget(field);
    QPushButton* make = sheet->addButton(tr("Make"), Sheet::Button::Primary, [this, field] {
        const QByteArray key = field->text().toUtf8();
        showCurrent(key);
        m_panel->openNew(key);
    });
    const auto refresh = [field, make] { make->setEnabled(!field->text().isEmpty()); };
    connect(field, &QLineEdit::textChanged, make, refresh);
    refresh();
    field->setFocus();
    sheet->open();
}

void KeysPage::showProgress()
{
    const KeyBrowser& browser = m_workspace.browser();
    m_stop->setVisible(browser.isLooking());
    if (!browser.trouble().isEmpty())
        return m_progress->setText(browser.trouble());
    const QString loaded = countText(browser.keys().size());
    if (browser.isComplete())
        m_progress->setText((browser.keys().size() == 1  ? tr("1 key")
                             : browser.prefix().isEmpty() ? tr("%1 keys").arg(loaded)
                                                          : tr("%1 keys, all found").arg(loaded)));
    else if (const auto count = browser.keyCount())
        m_progress->setText(browser.prefix().isEmpty() ? tr("%1 of about %2 loaded").arg(loaded, countText(*count))
                                                       : tr("%1 found among about %2").arg(loaded, countText(*count)));
    else
        m_progress->setText(tr("%1 loaded").arg(loaded));
}

} // namespace quoit
