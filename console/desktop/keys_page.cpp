#include "console/desktop/keys_page.h"

#include <QHBoxLayout>
#include <QInputDialog>

namespace quoit {

namespace {

constexpr int typingMs = 250;
constexpr int listWidth = 330;

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
    m_prefix->setPlaceholderText(tr("Keys that begin with…"));
    m_prefix->setAccessibleName(tr("Prefix of keys"));
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
    m_row->addWidget(m_listCard);
    m_panel = new KeyPanel(workspace);
    m_row->addWidget(m_panel, 1);

    m_typing.setSingleShot(true);
    connect(&m_typing, &QTimer::timeout, this, &KeysPage::browse);
    connect(m_prefix, &QLineEdit::textChanged, this, [this] { m_typing.start(typingMs); });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& now) {
        if (now.isValid())
            m_panel->open(m_model->keyAt(now.row()));
    });
    connect(&workspace.browser(), &KeyBrowser::progressed, this, &KeysPage::showProgress);
    connect(m_panel, &KeyPanel::keyWritten, &workspace.browser(), &KeyBrowser::noteKey);
    connect(m_panel, &KeyPanel::keyDeleted, &workspace.browser(), &KeyBrowser::forgetKey);
    restyle();
    arrange(false);
}

void KeysPage::arrange(bool isNarrow)
{
    m_row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_listCard->setMinimumWidth(isNarrow ? 0 : listWidth);
    m_listCard->setMaximumWidth(isNarrow ? QWIDGETSIZE_MAX : listWidth);
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
    const qsizetype row = m_workspace.browser().keys().indexOf(key.toUtf8());
    if (row >= 0 && m_list->currentIndex().row() != row)
        m_list->setCurrentIndex(m_model->index(int(row))); // opens it
    else
        m_panel->open(key.toUtf8());
}

void KeysPage::askForNewKey()
{
    auto* dialog = new QInputDialog(this);
    dialog->setWindowTitle(tr("New key"));
    dialog->setLabelText(tr("Key"));
    dialog->setTextValue(m_prefix->text());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QInputDialog::textValueSelected, this, [this](const QString& key) {
        if (!key.isEmpty())
            m_panel->openNew(key.toUtf8());
    });
    dialog->open();
}

void KeysPage::showProgress()
{
    const KeyBrowser& browser = m_workspace.browser();
    m_stop->setVisible(browser.isLooking());
    if (!browser.trouble().isEmpty())
        return m_progress->setText(browser.trouble());
    const QString loaded = countText(browser.keys().size());
    if (browser.isComplete())
        m_progress->setText(browser.prefix().isEmpty() ? tr("%1 keys").arg(loaded)
                                                       : tr("%1 keys, all found").arg(loaded));
    else if (const auto count = browser.keyCount())
        m_progress->setText(browser.prefix().isEmpty() ? tr("%1 of about %2 loaded").arg(loaded, countText(*count))
                                                       : tr("%1 found among about %2").arg(loaded, countText(*count)));
    else
        m_progress->setText(tr("%1 loaded").arg(loaded));
}

} // namespace quoit
