#include "bench/gdprbench/record_changes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"

// A change is a letter and its fields; a number takes 8 bytes, in this machine's order, a text its length and its
// bytes, a list its length and its elements.
namespace eunomia::gdprbench {

namespace {

enum class kind : char {
  insert = 'i',
  seal = 's',
  grant = 'g',
  set_policy = 'p',
  erase = 'e',
  define_policy = 'd',
  drop_policy = 'x',
  audit = 'a'
};

class writer {
 public:
  writer(std::string& to, kind what) : to_(to) { to_ += static_cast<char>(what); }
  writer& number(std::int64_t value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    to_.append(raw, sizeof value);
    return *this;
  }
  writer& count(std::size_t value) { return number(static_cast<std::int64_t>(value)); }
  writer& handle(core::subject_handle value) { return number(static_cast<std::int64_t>(value.value())); }
  writer& bytes(std::string_view value) {
    to_.append(value);
    return *this;
  }
  writer& text(std::string_view value) { return count(value.size()).bytes(value); }

 private:
  std::string& to_;
};

class reader {
 public:
  explicit reader(std::string_view of) : rest_(of) {}

  bool is_at_end() const { return rest_.empty(); }
  kind what() { return static_cast<kind>(bytes(1).front()); }
  std::int64_t number() {
    std::int64_t value = 0;
    std::memcpy(&value, bytes(sizeof value).data(), sizeof value);
    return value;
  }
  // Of elements that take at least a byte each.
  std::size_t count() {
    const std::int64_t value = number();
    if (value < 0 || static_cast<std::size_t>(value) > rest_.size()) {
      refuse();
    }
    return static_cast<std::size_t>(value);
  }
  core::subject_handle handle() { return core::subject_handle(static_cast<std::uint64_t>(number())); }
  std::string_view bytes(std::size_t count) {
    if (count > rest_.size()) {
      refuse();
    }
    const std::string_view found = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return found;
  }
  std::string_view text() { return bytes(count()); }
  std::string string() { return std::string(text()); }
  record_lookup lookup() { return lookup_from(bytes(record_lookup().size())); }

  [[noreturn]] static void refuse() {
    throw core::error(core::errc::corrupt,
                      "the journal of the records holds what they do not write; restore it and the database from a "
                      "backup");
  }

 private:
  std::string_view rest_;
};

void write_entry(writer& to, const subject::recorded_audit_entry& one) {
  to.number(one.sequence).number(one.at_ms).text(one.actor).text(one.action).text(one.subject).text(one.details);
  to.bytes({reinterpret_cast<const char*>(one.hash.bytes.data()), one.hash.bytes.size()});
}

subject::recorded_audit_entry read_entry(reader& from) {
  subject::recorded_audit_entry one;
  one.sequence = from.number();
  one.at_ms = from.number();
  one.actor = from.string();
  one.action = from.string();
  one.subject = from.string();
  one.details = from.string();
  const std::string_view hash = from.bytes(one.hash.bytes.size());
  std::memcpy(one.hash.bytes.data(), hash.data(), hash.size());
  return one;
}

std::shared_ptr<const metadata> read_metadata(reader& from) {
  auto means = std::make_shared<metadata>();
  means->time_to_live_s = from.number();
  for (attribute_values& values : means->texts) {
    values = split(from.text());
  }
  return means;
}

std::vector<std::int64_t> read_numbers(reader& from) {
  std::vector<std::int64_t> numbers(from.count());
  std::ranges::generate(numbers, [&] { return from.number(); });
  return numbers;
}

record_changes::new_record read_record(reader& from) {
  record_changes::new_record one;
  one.id = from.number();
  one.lookup = from.lookup();
  one.about = from.handle();
  one.collected_at = from.number();
  one.policy = from.number();
  one.sealed = from.text();
  return one;
}

record_changes::record_name read_name(reader& from) {
  record_changes::record_name one;
  one.id = from.number();
  one.lookup = from.lookup();
  return one;
}

void read_erasure(reader& from, record_changes& into) {
  std::vector<record_changes::record_name> records(from.count());
  std::ranges::generate(records, [&] { return read_name(from); });
  into.erase(records);
}

void read_audit(reader& from, record_changes& into) {
  std::vector<subject::recorded_audit_entry> entries(from.count());
  std::ranges::generate(entries, [&] { return read_entry(from); });
  into.record_audit(std::make_shared<const std::vector<subject::recorded_audit_entry>>(std::move(entries)));
}

void read_change(reader& from, record_changes& into) {
  switch (from.what()) {
    case kind::insert: into.insert(read_record(from)); return;
    case kind::seal: {
      const record_changes::record_name one = read_name(from);
      const core::subject_handle about = from.handle();
      into.seal(one, about, from.text());
      return;
    }
    case kind::grant: {
      key_grant keys{from.handle(), read_numbers(from), {}};
      keys.sealed_keys = from.string();
      into.grant(std::make_shared<const key_grant>(std::move(keys)));
      return;
    }
    case kind::set_policy: {
      const std::int64_t policy = from.number();
      into.set_policy(read_numbers(from), policy);
      return;
    }
    case kind::erase: read_erasure(from, into); return;
    case kind::define_policy: {
      const std::int64_t id = from.number();
      into.define_policy(id, read_metadata(from));
      return;
    }
    case kind::drop_policy: into.drop_policy(from.number()); return;
    case kind::audit: read_audit(from, into); return;
  }
  reader::refuse();
}

}  // namespace

void change_writer::insert(const new_record& one) {
  writer(bytes_, kind::insert)
      .number(one.id)
      .bytes(text_of(one.lookup))
      .handle(one.about)
      .number(one.collected_at)
      .number(one.policy)
      .text(one.sealed);
  next_.insert(one);
}

void change_writer::seal(const record_name& one, core::subject_handle about, std::string_view sealed) {
  writer(bytes_, kind::seal).number(one.id).bytes(text_of(one.lookup)).handle(about).text(sealed);
  next_.seal(one, about, sealed);
}

void change_writer::grant(const std::shared_ptr<const key_grant>& keys) {
  writer to(bytes_, kind::grant);
  to.handle(keys->to).count(keys->records.size());
  std::ranges::for_each(keys->records, [&](std::int64_t id) { to.number(id); });
  to.text(keys->sealed_keys);
  next_.grant(keys);
}

void change_writer::set_policy(std::span<const std::int64_t> ids, std::int64_t policy) {
  writer to(bytes_, kind::set_policy);
  to.number(policy).count(ids.size());
  std::ranges::for_each(ids, [&](std::int64_t id) { to.number(id); });
  next_.set_policy(ids, policy);
}

void change_writer::erase(std::span<const record_name> records) {
  writer to(bytes_, kind::erase);
  to.count(records.size());
  std::ranges::for_each(records, [&](const record_name& one) { to.number(one.id).bytes(text_of(one.lookup)); });
  next_.erase(records);
}

void change_writer::define_policy(std::int64_t id, const std::shared_ptr<const metadata>& means) {
  writer to(bytes_, kind::define_policy);
  to.number(id).number(means->time_to_live_s);
  std::ranges::for_each(means->texts, [&](const attribute_values& values) { to.text(joined(values)); });
  next_.define_policy(id, means);
}

void change_writer::drop_policy(std::int64_t id) {
  writer(bytes_, kind::drop_policy).number(id);
  next_.drop_policy(id);
}

void change_writer::record_audit(const audit_block& entries) {
  writer to(bytes_, kind::audit);
  to.count(entries->size());
  std::ranges::for_each(*entries, [&](const subject::recorded_audit_entry& one) { write_entry(to, one); });
  next_.record_audit(entries);
}

void read_changes(std::string_view bytes, record_changes& into) {
  for (reader from(bytes); !from.is_at_end();) {
    read_change(from, into);
  }
}

}  // namespace eunomia::gdprbench
