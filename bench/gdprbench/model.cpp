#include "bench/gdprbench/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "core/hash.h"

namespace eunomia::gdprbench {

namespace {

// Which attributes operations select by.
constexpr std::array selectable = {attribute::purpose, attribute::subject, attribute::objection, attribute::decision,
                                   attribute::shared_with};

// Who waits for whom. What is read or changed is a resource: a record, the set of records that have a value,
// everything. A change of a record is `part` of a change of the sets that it is, or comes to be, in: two of them need
// not wait for each other there, whoever reads the set waits for both.
class dependencies {
 public:
  enum class use { read, part, change };

  void add(std::uint64_t resource, use how, std::uint32_t operation, std::vector<std::uint32_t>& after) {
    group& known = groups_[resource];
    const bool mine = !known.now.empty() && known.now.back() == operation;
    if (mine && (how == known.how || known.now.size() == 1)) {
      known.how = how == known.how ? how : use::change;
      return;
    }
    if (how == use::change || how != known.how) {
      if (mine) {
        known.now.pop_back();
      }
      known.before = std::move(known.now);
      known.now.clear();
      known.how = mine ? use::change : how;
    }
    known.now.push_back(operation);
    after.insert(after.end(), known.before.begin(), known.before.end());
  }

  static constexpr std::uint64_t everything = UINT64_MAX;
  static std::uint64_t of_record(std::uint64_t key) { return key; }
  static std::uint64_t of_value(attribute which, std::uint64_t value) {
    return (static_cast<std::uint64_t>(which) + 1) << 48 | value;
  }

 private:
  struct group {
    use how = use::change;
    std::vector<std::uint32_t> now, before;
  };
  std::unordered_map<std::uint64_t, group> groups_;
};

class records {
 public:
  records(const workload_parameters& of, const std::function<std::uint64_t(std::string_view)>& lookup_of)
      : source_(of), lookup_of_(lookup_of), data_bytes_(of.data_bytes) {
    for (std::uint64_t i = 0; i < source_.values_of(attribute::time_to_live); ++i) {
      times_to_live_.push_back(time_to_live_of(source_.value(attribute::time_to_live, i)));
    }
    for (std::uint64_t key = 0; key < of.records; ++key) {
      insert({key, 0}, load_time);
    }
  }

  planned_operation apply(const workload_operation& asked, std::uint32_t number);
  std::uint64_t size() const { return there_; }
  std::uint64_t data_bytes() const { return there_ * data_bytes_; }

 private:
  using use = dependencies::use;

  std::uint32_t& value(attribute of, std::uint64_t key) { return values_[static_cast<std::size_t>(of)][key]; }
  bool visible(std::uint64_t key, std::int64_t at) {
    return key < version_.size() && is_there_[key] != 0 &&
           collected_[key] + times_to_live_[value(attribute::time_to_live, key)] * 1000 > at;
  }
  void insert(const numbered_record& one, std::int64_t at);
  void write(const numbered_record& one);
  std::vector<std::uint64_t> selected(const workload_operation& asked);
  std::uint64_t digest_of_metadata(std::uint64_t key);
  void note_reading(const workload_operation& asked);
  void note_changing(std::uint64_t key);
  void note(std::uint64_t resource, use how) { waits_.add(resource, how, now_, *after_); }

  record_source source_;
  const std::function<std::uint64_t(std::string_view)>& lookup_of_;
  std::size_t data_bytes_;
  std::vector<std::int64_t> times_to_live_;
  std::array<std::vector<std::uint32_t>, attributes> values_;
  std::vector<std::uint64_t> version_, lookup_;
  std::vector<std::int64_t> collected_;
  std::vector<char> is_there_;
  std::uint64_t there_ = 0;
  std::unordered_map<std::string, std::uint64_t> digests_;

  dependencies waits_;
  std::uint32_t now_ = 0;
  std::vector<std::uint32_t>* after_ = nullptr;
};

void records::insert(const numbered_record& one, std::int64_t at) {
  if (one.key >= version_.size()) {
    const std::size_t size = one.key + 1;
    for (auto& column : values_) {
      column.resize(size);
    }
    version_.resize(size);
    collected_.resize(size);
    is_there_.resize(size);
    while (lookup_.size() < size) {
      lookup_.push_back(lookup_of_(record_source::key(lookup_.size())));
    }
  }
  is_there_[one.key] = 1;
  collected_[one.key] = at;
  ++there_;
  write(one);
}

void records::write(const numbered_record& one) {
  version_[one.key] = one.version;
  for (std::size_t of = 1; of < attributes; ++of) {
    values_[of][one.key] = static_cast<std::uint32_t>(one.key % source_.values_of(static_cast<attribute>(of)));
  }
}

std::vector<std::uint64_t> records::selected(const workload_operation& asked) {
  std::vector<std::uint64_t> found;
  if (asked.where.by == attribute::key) {
    if (visible(asked.number, asked.at)) {
      found.push_back(asked.number);
    }
    return found;
  }
  const auto wanted = static_cast<std::uint32_t>(asked.number % source_.values_of(asked.where.by));
  const std::vector<std::uint32_t>& column = values_[static_cast<std::size_t>(asked.where.by)];
  for (std::uint64_t key = 0; key < column.size(); ++key) {
    if (column[key] == wanted && visible(key, asked.at)) {
      found.push_back(key);
    }
  }
  return found;
}

std::uint64_t records::digest_of_metadata(std::uint64_t key) {
  std::string indices;
  for (std::size_t of = 1; of < attributes; ++of) {
    if (static_cast<attribute>(of) != attribute::subject) {
      indices.append(reinterpret_cast<const char*>(&values_[of][key]), sizeof(std::uint32_t));
    }
  }
  const auto [known, is_new] = digests_.try_emplace(std::move(indices));
  if (is_new) {
    metadata means;
    means.time_to_live_s = times_to_live_[value(attribute::time_to_live, key)];
    for (const attribute each : text_attributes) {
      means.of(each) = {source_.value(each, value(each, key))};
    }
    known->second = digest_of_text(text_of_metadata(means));
  }
  return digest_of_record(lookup_[key], value(attribute::subject, key) + 1, collected_[key], known->second);
}

// A change of who has a value reads the set first.
void records::note_reading(const workload_operation& asked) {
  if (asked.where.by == attribute::key) {
    note(dependencies::of_record(asked.number), use::read);
  } else {
    note(dependencies::of_value(asked.where.by, asked.number % source_.values_of(asked.where.by)), use::read);
  }
}

void records::note_changing(std::uint64_t key) {
  note(dependencies::of_record(key), use::change);
  for (const attribute by : selectable) {
    note(dependencies::of_value(by, value(by, key)), use::part);
  }
}

planned_operation records::apply(const workload_operation& asked, std::uint32_t number) {
  planned_operation made{asked, {}, {}};
  now_ = number;
  after_ = &made.after;
  answer& expected = made.expected;
  note(dependencies::everything, asked.what == action::erase_expired ? use::change : use::part);
  if (asked.what == action::erase_expired) {
    for (std::uint64_t key = 0; key < version_.size(); ++key) {
      if (is_there_[key] != 0 && !visible(key, asked.at)) {
        is_there_[key] = 0;
        --there_;
      }
    }
    expected.count = there_;
  } else if (asked.what == action::read_log) {
    expected.count = asked.log_entries;
  } else if (asked.what == action::insert) {
    insert(asked.record, asked.at);
    note_changing(asked.record.key);
    expected.count = 1;
  } else {
    note_reading(asked);
    const std::vector<std::uint64_t> found = selected(asked);
    expected.count = asked.what == action::verify_erased ? (found.empty() ? 1 : 0) : found.size();
    for (const std::uint64_t key : found) {
      switch (asked.what) {
        case action::read_data:
          expected.digest += digest_of_data(record_source::key(key), source_.data({key, version_[key]}));
          break;
        case action::read_metadata: expected.digest += digest_of_metadata(key); break;
        case action::erase:
          note_changing(key);
          is_there_[key] = 0;
          --there_;
          break;
        case action::update_data:
          note_changing(key);
          version_[key] = asked.record.version;
          break;
        case action::replace:
          note_changing(key);
          write(asked.record);
          note_changing(key);
          break;
        case action::update_metadata:
          note_changing(key);
          value(asked.change.what, key) =
              static_cast<std::uint32_t>(asked.number % source_.values_of(asked.change.what));
          note_changing(key);
          break;
        default: break;
      }
    }
  }
  std::ranges::sort(made.after);
  made.after.erase(std::unique(made.after.begin(), made.after.end()), made.after.end());
  return made;
}

}  // namespace

std::uint64_t digest_of_text(std::string_view text) {
  std::uint64_t first = 0;
  const core::digest128 digest = core::xxh3(text);
  std::memcpy(&first, digest.bytes.data(), sizeof first);
  return first;
}

std::uint64_t digest_of_data(std::string_view key, std::string_view data) {
  return digest_of_text(key) * 3 + digest_of_text(data) * 5;
}

std::string text_of_metadata(const metadata& means) {
  std::string text = fmt::format("{}\n", means.time_to_live_s);
  for (const attribute_values& values : means.texts) {
    text.append(joined(values)).append(1, '\n');
  }
  return text;
}

std::uint64_t digest_of_record(std::uint64_t lookup, std::uint64_t person, std::int64_t collected_at,
                               std::uint64_t means) {
  std::uint64_t mixed = lookup ^ means * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 32)) + person * 0xbf58476d1ce4e5b9 + static_cast<std::uint64_t>(collected_at);
  return mixed * 0x94d049bb133111eb;
}

plan plan_of(const workload_parameters& of, const std::function<std::uint64_t(std::string_view key)>& lookup_of) {
  records known(of, lookup_of);
  plan made;
  for (const workload_operation& one : operations_of(of)) {
    made.operations.push_back(known.apply(one, static_cast<std::uint32_t>(made.operations.size())));
  }
  made.records = known.size();
  made.data_bytes = known.data_bytes();
  return made;
}

}  // namespace eunomia::gdprbench
