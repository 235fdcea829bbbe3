#include "recommend/incoming_rows.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/time.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"

namespace eunomia::recommend {

namespace {

namespace sql = store::sql;
namespace table = store::table;

void add_text(table::column_values& column, const std::vector<std::string_view>& values, std::size_t rows) {
  for (std::size_t i = 0; i < rows; ++i) {
    values.empty() || values[i].empty() ? column.add_null() : column.add(values[i]);
  }
}

void add_metadata(table::column_values& column, metadata_type type, const std::vector<std::string_view>& values,
                  std::size_t rows) {
  for (std::size_t i = 0; i < rows; ++i) {
    if (values.empty() || values[i].empty()) {
      column.add_null();
    } else if (type == metadata_type::integer) {
      column.add(*integer_of(values[i]));
    } else if (type == metadata_type::number) {
      column.add(*number_of(values[i]));
    } else {
      column.add(values[i]);
    }
  }
}

void add_values(table::column_values& column, const std::vector<float>& values, std::size_t rows) {
  for (std::size_t i = 0; i < rows; ++i) {
    values.empty() || std::isnan(values[i]) ? column.add_null() : column.add(static_cast<double>(values[i]));
  }
}

}  // namespace

incoming_rows::incoming_rows(const dataset& into, data_kind kind, std::vector<metadata_column> columns,
                             std::optional<std::int64_t> written_at, core::thread_pool& pool)
    : house_(*into.owner_),
      into_(into),
      kind_(kind),
      now_(core::now_ms()),
      columns_(std::move(columns)),
      first_new_(into.description_.columns_of(kind).size()) {
  std::vector<table::column> all = fixed_columns(kind_);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    all.push_back(stored_column(kind_, columns_[i]));
    if (i >= first_new_) {
      added_.push_back(all.back());
    }
  }
  batch_ = std::make_unique<table::column_batch>(all);
  if (kind_ != data_kind::items) {
    people_ = house_.people_.enrol(user_space);
    if (written_at) {
      people_->came_at(*written_at);
    }
  }
  rows_ = house_.tables_.append(into_.table_name(kind_), pool, added_, people_.get());
  if (kind_ != data_kind::users) {
    items_ = std::make_unique<item_dictionary>(into_.state_->items);
  }
}

std::uint64_t incoming_rows::take(const import_rows& rows) {
  if (people_ == nullptr) {
    append(rows, {});
    return 0;
  }
  handles_.resize(rows.size());
  people_->resolve(rows.user, handles_);
  if (std::ranges::count(handles_, core::subject_handle()) == 0) {
    append(rows, handles_);
    return 0;
  }
  const import_rows others = rows.where([&](std::size_t i) { return handles_[i] != core::subject_handle(); });
  std::erase(handles_, core::subject_handle());
  append(others, handles_);
  return rows.size() - others.size();
}

void incoming_rows::append(const import_rows& rows, std::span<const core::subject_handle> people) {
  const std::size_t count = rows.size();
  if (count == 0) {
    return;
  }
  batch_->clear();
  for (const core::subject_handle who : people) {
    batch_->subjects.push_back(static_cast<std::int64_t>(who.value()));
  }
  std::size_t c = 0;
  if (items_ != nullptr) {
    for (const std::string_view id : rows.item) {
      batch_->columns[c].add(items_->resolve(id));
    }
    ++c;
  }
  if (kind_ == data_kind::interactions) {
    for (const std::int64_t time : rows.time) {
      batch_->columns[c].add(time);
    }
    add_text(batch_->columns[c + 1], rows.event_type, count);
    add_values(batch_->columns[c + 2], rows.event_value, count);
    add_text(batch_->columns[c + 3], rows.impression, count);
    c += 4;
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      batch_->columns[c].add(now_);
    }
    const auto& keys = kind_ == data_kind::items ? batch_->columns[0].int64() : batch_->subjects;
    upserted_.insert(upserted_.end(), keys.begin(), keys.end());
    ++c;
  }
  for (std::size_t m = 0; m < columns_.size(); ++m) {
    add_metadata(batch_->columns[c + m], columns_[m].type, rows.metadata[m], count);
  }
  rows_->append(*batch_);
}

void incoming_rows::replace_older(core::thread_pool& pool, core::job& job) {
  std::sort(upserted_.begin(), upserted_.end());
  upserted_.erase(std::unique(upserted_.begin(), upserted_.end()), upserted_.end());
  if (upserted_.empty() || upserted_.size() > table::max_named_rows) {
    return;
  }
  const std::string name = into_.table_name(kind_);
  if (kind_ == data_kind::items) {
    older_ = house_.tables_.stage_remove(name, "ITEM_ID", upserted_, pool, job);
    return;
  }
  std::vector<core::subject_handle> who;
  who.reserve(upserted_.size());
  for (const std::int64_t handle : upserted_) {
    who.emplace_back(static_cast<std::uint64_t>(handle));
  }
  older_ = house_.tables_.stage_erase(name, who, pool, job);
}

void incoming_rows::replace_all() {
  older_ = house_.tables_.stage_clear(into_.table_name(kind_));
}

void incoming_rows::publish(const std::function<void(sql::transaction&)>& also) {
  const std::array<table::staged_change*, 2> staged = {rows_.get(), older_.get()};
  table::write_naming(house_.sql_, staged, [&](sql::transaction& in) {
    for (std::size_t i = first_new_; i < columns_.size(); ++i) {
      declare_column(in, house_.tables_, into_.id_, kind_, i, columns_[i]);
    }
    if (people_ != nullptr) {
      people_->record(in);
    }
    if (items_ != nullptr) {
      items_->record(in);
    }
    if (older_ != nullptr) {
      older_->commit(in);
    }
    rows_->commit(in);
    if (also) {
      also(in);
    }
  });
  rows_->committed();
  if (older_ != nullptr) {
    older_->committed();
  }
  if (items_ != nullptr) {
    items_->committed();
  }
}

}  // namespace eunomia::recommend
