#include "console/desktop/key_list_model.h"

#include <QStringDecoder>

namespace quoit {

KeyListModel::KeyListModel(KeyBrowser& browser, QObject* parent)
    : QAbstractListModel(parent)
    , m_browser(browser)
    , m_rowCount(int(browser.keys().size()))
{
    connect(&browser, &KeyBrowser::restarted, this, [this] {
        beginResetModel();
        m_rowCount = 0;
        endResetModel();
    });
    connect(&browser, &KeyBrowser::keysAdded, this, [this](int count) {
        beginInsertRows({}, m_rowCount, m_rowCount + count - 1);
        m_rowCount += count;
        endInsertRows();
    });
    connect(&browser, &KeyBrowser::forgetting, this, [this](int index) { beginRemoveRows({}, index, index); });
    connect(&browser, &KeyBrowser::forgotten, this, [this] {
        --m_rowCount;
        endRemoveRows();
    });
}

QByteArray KeyListModel::keyAt(int row) const
{
    return row >= 0 && row < m_rowCount ? m_browser.keys()[row] : QByteArray();
}

int KeyListModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_rowCount;
}

QVariant KeyListModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const QByteArray& key = m_browser.keys()[index.row()];
    return role == Qt::DisplayRole ? QVariant(keyText(key)) : role == KeyRole ? QVariant(key) : QVariant();
}

bool KeyListModel::canFetchMore(const QModelIndex& parent) const
{
    return !parent.isValid() && !m_browser.isLooking() && m_browser.canFetchMore() && m_rowCount > 0;
}

void KeyListModel::fetchMore(const QModelIndex&)
{
    m_browser.fetchMore();
}

QString keyText(const QByteArray& key)
{
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
    const QString text = decoder(key);
    if (!decoder.hasError() && std::none_of(text.begin(), text.end(), [](QChar c) { return c < QLatin1Char(' '); }))
        return text;
    QString escaped;
    for (const char byte : key) {
        const auto code = uchar(byte);
        escaped += code >= 0x20 && code < 0x7f ? QString(QLatin1Char(byte))
                                               : QStringLiteral("\\x%1").arg(int(code), 2, 16, QLatin1Char('0'));
    }
    return escaped;
}

} // namespace quoit
