#include "object/object_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "core/hash.h"
#include "core/temporary_directory.h"
#include "object/refusal.h"
#include "store/sql/test_database.h"

namespace eunomia::object {
namespace {

namespace sql = store::sql;

template <class Action>
std::optional<refused> why_refused(Action action) {
  try {
    action();
    return std::nullopt;
  } catch (const refusal& problem) {
    return problem.why();
  }
}

std::string md5_of(std::string_view text) {
  const auto of = checksummer::md5();
  of->update(core::as_bytes(text));
  return core::to_hex(of->finish());
}

std::string pattern(std::size_t size, unsigned seed = 1) {
  std::string text(size, '\0');
  for (char& c : text) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return text;
}

class objects : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      reopen();
      box_ = store_->create_bucket("box");
    }
  }
  void reopen() {
    store_.reset();
    blobs_.reset();
    blobs_ = store::open_disk_blob_store(folder_.path());
    store_ = std::make_unique<object_store>(db(), *blobs_, object_keys{sealing_.clone(), lookup_.clone()});
  }
  object_info put(std::string key, std::string_view text, put_question asked = {}) {
    asked.key = std::move(key);
    memory_content from(text);
    return store_->put(box_, asked, from);
  }
  std::string get(std::string_view key, std::uint64_t offset = 0, std::uint64_t length = UINT64_MAX) {
    const auto from = store_->open(box_, key);
    std::string text(std::min(length, from->info().size - offset), '\0');
    text.resize(from->read(offset, std::as_writable_bytes(std::span(text))));
    return text;
  }
  std::size_t blob_count() { return blobs_->list(blob_prefix).size(); }

  core::temporary_directory folder_;
  core::secret_key sealing_ = core::secret_key::random();
  core::secret_key lookup_ = core::secret_key::random();
  std::unique_ptr<store::blob_store> blobs_;
  std::unique_ptr<object_store> store_;
  bucket_record box_;
};
EUNOMIA_ON_BOTH_ENGINES(objects);

TEST_P(objects, are_read_as_they_were_put) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, piece_bytes - 1, piece_bytes, piece_bytes + 1,
                                 3 * piece_bytes, std::size_t{1'000'001}}) {
    const std::string text = pattern(size);
    const object_info made = put("a/b c.bin", text);
    EXPECT_EQ(made.size, size);
    EXPECT_EQ(made.etag, md5_of(text));
    EXPECT_EQ(get("a/b c.bin"), text) << size;
    EXPECT_EQ(blob_count(), 1U);
  }
}

TEST_P(objects, are_read_by_range) {
  const std::string text = pattern(5 * piece_bytes + 17);
  put("k", text);
  for (const auto& [offset, length] : {std::pair<std::size_t, std::size_t>{0, 1},
                                       {piece_bytes - 1, 2},
                                       {piece_bytes, piece_bytes},
                                       {100'000, 200'000},
                                       {5 * piece_bytes + 16, 1}}) {
    EXPECT_EQ(get("k", offset, length), text.substr(offset, length));
  }
}

TEST_P(objects, keep_what_was_said_of_them) {
  put_question asked;
  asked.headers.content_type = "text/csv";
  asked.headers.others = {{"Cache-Control", "no-store"}};
  asked.headers.metadata = {{"owner", "Jürgen"}};
  asked.expected.computed = checksum_algorithm::sha256;
  put("k", "hello", asked);
  reopen();
  const object_info there = store_->head(box_, "k");
  EXPECT_EQ(there.headers.content_type, "text/csv");
  EXPECT_EQ(there.headers.others.at("Cache-Control"), "no-store");
  EXPECT_EQ(there.headers.metadata.at("owner"), "Jürgen");
  EXPECT_EQ(there.of_all->value, core::to_base64(core::sha256("hello").bytes));
  EXPECT_EQ(there.part_sizes, std::vector<std::uint64_t>{5});
}

TEST_P(objects, are_refused_when_their_bytes_are_others) {
  put_question asked;
  asked.expected.md5 = core::from_hex(md5_of("other"));
  EXPECT_EQ(why_refused([&] { put("k", "hello", asked); }), refused::bad_digest);
  asked.expected = {std::nullopt, checksum_algorithm::crc32, "AAAAAA=="};
  EXPECT_EQ(why_refused([&] { put("k", "hello", asked); }), refused::bad_digest);
  EXPECT_EQ(why_refused([&] { store_->head(box_, "k"); }), refused::no_such_key);
  EXPECT_EQ(blob_count(), 0U);
}

TEST_P(objects, are_replaced_and_removed_whole) {
  put("k", "old");
  const auto before = store_->open(box_, "k");
  put("k", "new!");
  EXPECT_EQ(get("k"), "new!");
  std::string old(3, '\0');
  before->read(0, std::as_writable_bytes(std::span(old)));
  EXPECT_EQ(old, "old");
  EXPECT_TRUE(store_->remove(box_, "k"));
  EXPECT_FALSE(store_->remove(box_, "k"));
  EXPECT_EQ(blob_count(), 0U);
  EXPECT_TRUE(store_->is_empty(box_));
}

TEST_P(objects, are_put_and_removed_on_conditions) {
  put_question once;
  once.when.if_none_match = {"*"};
  const std::string etag = put("k", "first", once).etag;
  EXPECT_EQ(why_refused([&] { put("k", "second", once); }), refused::precondition_failed);
  put_question same;
  same.when.if_match = {"0123"};
  EXPECT_EQ(why_refused([&] { put("k", "second", same); }), refused::precondition_failed);
  EXPECT_EQ(why_refused([&] { put("other", "second", same); }), refused::no_such_key);
  same.when.if_match = {etag};
  put("k", "second", same);
  EXPECT_EQ(why_refused([&] { store_->remove(box_, "k", same.when); }), refused::precondition_failed);
  put_question stale;
  stale.in_place_of = store_->head(box_, "k").id;
  put("k", "third");
  EXPECT_EQ(why_refused([&] { put("k", "fourth", stale); }), refused::precondition_failed);
  EXPECT_EQ(get("k"), "third");
  EXPECT_EQ(blob_count(), 1U);
}

TEST_P(objects, rest_sealed_with_their_names) {
  put_question asked;
  asked.headers.metadata = {{"mail", "ada@example.org"}};
  put("exports/ada@example.org.csv", "ada@example.org,42", asked);
  db().checkpoint_truncate();
  std::string rests;
  for (const auto& top : {folder_.path(), own().folder()}) {
    if (!top.empty()) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
        if (entry.is_regular_file()) {
          std::ifstream in(entry.path(), std::ios::binary);
          rests.append(std::istreambuf_iterator<char>(in), {});
        }
      }
    }
  }
  EXPECT_FALSE(rests.empty());
  EXPECT_EQ(rests.find("ada@example.org"), std::string::npos);
  EXPECT_EQ(rests.find("exports/"), std::string::npos);
}

TEST_P(objects, whose_bytes_were_changed_on_the_disk_are_not_handed_out) {
  put("k", pattern(3 * piece_bytes));
  const auto blob = folder_.path() / blobs_->list(blob_prefix).front().key;
  const auto size = std::filesystem::file_size(blob);
  std::string bytes(size, '\0');
  std::ifstream(blob, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(size));
  const auto write = [&](std::string_view some) { std::ofstream(blob, std::ios::binary) << some; };
  const std::size_t sealed_piece = piece_bytes + core::sealed_overhead;
  std::string changed = bytes;
  changed[100] = static_cast<char>(changed[100] ^ 1);
  write(changed);
  EXPECT_EQ(sql::code_thrown_by([&] { get("k"); }), core::errc::corrupt);
  write(bytes.substr(sealed_piece, sealed_piece) + bytes.substr(0, sealed_piece) + bytes.substr(2 * sealed_piece));
  EXPECT_EQ(sql::code_thrown_by([&] { get("k"); }), core::errc::corrupt);
  write(bytes.substr(0, 2 * sealed_piece));
  EXPECT_EQ(sql::code_thrown_by([&] { get("k"); }), core::errc::corrupt);
  write(bytes);
  EXPECT_EQ(get("k"), pattern(3 * piece_bytes));
}

TEST_P(objects, are_listed_after_a_restart_and_what_no_row_names_is_swept) {
  put("b", "1");
  put("a", "22");
  blobs_->put("objects/00/orphan", core::as_bytes("left by a kill"));
  reopen();
  const listing all = store_->list(box_, {});
  ASSERT_EQ(all.objects.size(), 2U);
  EXPECT_EQ(all.objects[0].key, "a");
  EXPECT_EQ(all.objects[0].size, 2U);
  EXPECT_EQ(all.objects[0].etag, md5_of("22"));
  EXPECT_EQ(blob_count(), 2U);
}

TEST_P(objects, are_copied) {
  put_question asked;
  asked.headers.metadata = {{"a", "1"}};
  asked.expected.computed = checksum_algorithm::crc32c;
  const object_info source = put("from", pattern(200'000), asked);
  const auto reader = store_->open(box_, "from");
  copy_question as;
  as.key = "to";
  const object_info made = store_->copy(*reader, box_, as);
  EXPECT_EQ(made.etag, source.etag);
  EXPECT_EQ(made.headers.metadata.at("a"), "1");
  EXPECT_EQ(made.of_all->value, source.of_all->value);
  as.headers = object_headers{"text/plain", {}, {{"b", "2"}}};
  EXPECT_EQ(store_->copy(*reader, box_, as).headers.metadata.count("a"), 0U);
  EXPECT_EQ(get("to"), pattern(200'000));
}

TEST_P(objects, come_in_parts) {
  const std::string one = pattern(min_part_bytes, 1);
  const std::string two = pattern(100'000, 2);
  upload_question asked;
  asked.key = "big";
  asked.headers.content_type = "application/x-parquet";
  asked.algorithm = checksum_algorithm::crc32;
  asked.type = checksum_type::full_object;
  const upload_row of = store_->begin_upload(box_, asked);
  const auto put_part = [&](std::uint32_t number, std::string_view text) {
    memory_content from(text);
    return core::to_hex(store_->put_part(box_, of, number, {}, from).md5);
  };
  const std::string etag_two = put_part(7, two);
  put_part(1, "replaced below");
  const std::string etag_one = put_part(1, one);
  put_part(9, "not chosen");
  EXPECT_EQ(store_->parts_of(of).size(), 3U);
  EXPECT_EQ(store_->uploads(box_).size(), 1U);
  EXPECT_EQ(why_refused([&] { store_->head(box_, "big"); }), refused::no_such_key);

  const auto complete = [&](std::vector<completed_part> parts) {
    return store_->complete(box_, of, complete_question{std::move(parts), {}, {}, {}});
  };
  EXPECT_EQ(why_refused([&] { complete({{7, etag_two, {}}, {1, etag_one, {}}}); }), refused::invalid_part_order);
  EXPECT_EQ(why_refused([&] { complete({{1, etag_two, {}}}); }), refused::invalid_part);
  EXPECT_EQ(why_refused([&] { complete({{2, etag_two, {}}}); }), refused::invalid_part);
  EXPECT_EQ(why_refused([&] {
              complete({{7, etag_two, {}}, {9, md5_of("not chosen"), {}}});
            }),
            refused::entity_too_small);
  const object_info made = complete({{1, etag_one, {}}, {7, etag_two, {}}});
  EXPECT_TRUE(made.etag.ends_with("-2"));
  EXPECT_EQ(made.size, one.size() + two.size());
  const auto crc = checksummer::of(checksum_algorithm::crc32);
  crc->update(core::as_bytes(one + two));
  EXPECT_EQ(made.of_all->value, core::to_base64(crc->finish()));
  EXPECT_EQ(get("big"), one + two);
  EXPECT_EQ(get("big", one.size() - 10, 20), (one + two).substr(one.size() - 10, 20));
  EXPECT_EQ(store_->head(box_, "big").part_sizes, (std::vector<std::uint64_t>{one.size(), two.size()}));
  EXPECT_EQ(blob_count(), 2U);
  EXPECT_EQ(why_refused([&] { complete({{1, etag_one, {}}}); }), refused::invalid_part);
  EXPECT_EQ(why_refused([&] { store_->find_upload(box_, "big", of.token); }), refused::no_such_upload);
}

TEST_P(objects, of_uploads_that_end_otherwise_leave_nothing) {
  const upload_row one = store_->begin_upload(box_, {"a", {}, {}, checksum_type::composite});
  const upload_row two = store_->begin_upload(box_, {"b", {}, {}, checksum_type::composite});
  for (const upload_row& each : {one, two}) {
    memory_content from("some");
    store_->put_part(box_, each, 1, {}, from);
  }
  EXPECT_EQ(why_refused([&] { store_->delete_bucket("box"); }), refused::bucket_not_empty);
  store_->abort(box_, one);
  EXPECT_EQ(why_refused([&] { store_->abort(box_, one); }), refused::no_such_upload);
  EXPECT_EQ(store_->abort_uploads_before(two.begun_at), 0U);
  EXPECT_EQ(store_->abort_uploads_before(two.begun_at + 1), 1U);
  EXPECT_EQ(blob_count(), 0U);
  store_->delete_bucket("box");
}

TEST_P(objects, lie_in_buckets_that_are_made_and_removed) {
  EXPECT_EQ(why_refused([&] { store_->create_bucket("box"); }), refused::bucket_exists);
  EXPECT_EQ(why_refused([&] { store_->create_bucket("No"); }), refused::invalid_bucket_name);
  EXPECT_EQ(why_refused([&] { store_->bucket("none"); }), refused::no_such_bucket);
  store_->create_bucket("another");
  ASSERT_EQ(store_->buckets().size(), 2U);
  EXPECT_EQ(store_->buckets()[0].name, "another");
  put("k", "x");
  EXPECT_EQ(why_refused([&] { store_->delete_bucket("box"); }), refused::bucket_not_empty);
  store_->remove(box_, "k");
  store_->delete_bucket("box");
  EXPECT_EQ(why_refused([&] { put("k", "x"); }), refused::no_such_bucket);
  EXPECT_EQ(blob_count(), 0U);
}

TEST_P(objects, are_for_access_keys_that_were_allowed_their_bucket) {
  EXPECT_FALSE(store_->grant_of(box_.id, "EUNA1"));
  store_->allow("box", "EUNA1", false);
  EXPECT_FALSE(store_->grant_of(box_.id, "EUNA1")->may_write);
  store_->allow("box", "EUNA1", true);
  EXPECT_TRUE(store_->grant_of(box_.id, "EUNA1")->may_write);
  EXPECT_EQ(store_->grants_of("box").size(), 1U);
  store_->disallow("box", "EUNA1");
  EXPECT_FALSE(store_->grant_of(box_.id, "EUNA1"));
  EXPECT_EQ(sql::code_thrown_by([&] { store_->disallow("box", "EUNA1"); }), core::errc::not_found);
}

TEST(conditions, are_judged_as_http_says) {
  object_info there;
  there.etag = "abc";
  there.modified_at = 5'500;
  EXPECT_EQ(judge({}, nullptr), verdict::met);
  EXPECT_EQ(judge({{"abc"}, {}, {}, {}}, &there), verdict::met);
  EXPECT_EQ(judge({{"x", "*"}, {}, {}, {}}, &there), verdict::met);
  EXPECT_EQ(judge({{"*"}, {}, {}, {}}, nullptr), verdict::failed);
  EXPECT_EQ(judge({{}, {"abc"}, {}, {}}, &there), verdict::not_modified);
  EXPECT_EQ(judge({{}, {"x"}, 5'000, {}}, &there), verdict::met);  // the first goes before the date
  EXPECT_EQ(judge({{}, {}, 5'000, {}}, &there), verdict::not_modified);
  EXPECT_EQ(judge({{}, {}, 4'000, {}}, &there), verdict::met);
  EXPECT_EQ(judge({{}, {}, {}, 4'000}, &there), verdict::failed);
  EXPECT_EQ(judge({{}, {}, {}, 5'000}, &there), verdict::met);
  EXPECT_EQ(judge({{"abc"}, {}, {}, 4'000}, &there), verdict::met);
}

}  // namespace
}  // namespace eunomia::object
