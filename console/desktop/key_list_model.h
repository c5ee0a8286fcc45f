// console/desktop/key_list_model.h - the keys that a KeyBrowser has found, as rows; it loads on as the view scrolls.
#pragma once

#include "console/cluster/key_browser.h"

#include <QAbstractListModel>

namespace quoit {

class KeyListModel : public QAbstractListModel
{
    Q_OBJECT

public:
    static constexpr int KeyRole = Qt::UserRole; ///< the key itself, a QByteArray

    /// @param browser must outlive the model
    explicit KeyListModel(KeyBrowser& browser, QObject* parent = nullptr);

    QByteArray keyAt(int row) const;

    int rowCount(const QModelIndex& parent = {}) const final;
    QVariant data(const QModelIndex& index, int role) const override;
    bool canFetchMore(const QModelIndex& parent) const override;
    void fetchMore(const QModelIndex& parent) override;

private:
    KeyBrowser& m_browser;
    int m_rowCount = 0; // of keys(), as far as views were told
};

/// A key for people: as UTF-8, or with \xNN where it isn't.
QString keyText(const QByteArray& key);

} // namespace quoit
