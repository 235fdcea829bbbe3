#include "wire/s3/bodies.h"

#include <gtest/gtest.h>

#include "wire/s3/failure.h"
#include "wire/s3/xml_writer.h"

namespace eunomia::wire::s3 {
namespace {

template <class Read>
std::string code_of(Read read) {
  try {
    read();
  } catch (const failed& problem) {
    return problem.answer().code;
  }
  return "none";
}

TEST(bodies, name_what_is_deleted) {
  const delete_body body = read_delete(
      "<?xml version=\"1.0\"?><Delete "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet><Object><Key> a "
      "&amp; b </Key><ETag>\"x\"</ETag></Object><Object><Key><![CDATA[<c>]]></Key></Object></Delete>");
  EXPECT_TRUE(body.quiet);
  ASSERT_EQ(body.objects.size(), 2U);
  EXPECT_EQ(body.objects[0].key, " a & b ");
  EXPECT_EQ(body.objects[0].etag, "x");
  EXPECT_EQ(body.objects[1].key, "<c>");
}

TEST(bodies, name_the_parts_of_an_upload) {
  const auto parts = read_complete(
      "<s3:CompleteMultipartUpload "
      "xmlns:s3=\"x\"><s3:Part><s3:PartNumber>3</s3:PartNumber><s3:ETag>&quot;ab&quot;</s3:ETag>"
      "<s3:ChecksumSHA256>AA==</s3:ChecksumSHA256></s3:Part></s3:CompleteMultipartUpload>");
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].number, 3U);
  EXPECT_EQ(parts[0].etag, "ab");
  EXPECT_EQ(parts[0].checksum, "AA==");
}

TEST(bodies, that_are_something_else_are_malformed) {
  for (const char* const wrong :
       {"", "<Delete>", "<Delete/>", "<Remove><Object/></Remove>", "no xml", "<Delete></Delte>"}) {
    EXPECT_EQ(code_of([&] { read_delete(wrong); }), "MalformedXML") << wrong;
  }
  EXPECT_EQ(code_of([] {
              read_complete(
                  "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></"
                  "CompleteMultipartUpload>");
            }),
            "MalformedXML");
  std::string many = "<Delete>";
  for (std::size_t i = 0; i <= max_deleted_at_once; ++i) {
    many += "<Object><Key>k</Key></Object>";
  }
  EXPECT_EQ(code_of([&] { read_delete(many + "</Delete>"); }), "MalformedXML");
  EXPECT_EQ(code_of([] { read_delete(std::string(max_body_bytes + 1, ' ')); }), "MalformedXML");
}

TEST(bodies, know_no_entities_and_take_any_depth) {
  const delete_body body = read_delete(
      "<!DOCTYPE Delete [<!ENTITY a \"aaaa\"><!ENTITY f SYSTEM "
      "\"file:///etc/passwd\">]><Delete><Object><Key>&a;&f;</Key>"
      "</Object></Delete>");
  EXPECT_EQ(body.objects[0].key, "&a;&f;");
  std::string deep;
  for (int i = 0; i < 500'000; ++i) {
    deep += "<a>";
  }
  EXPECT_EQ(code_of([&] { read_delete(deep); }), "MalformedXML");
}

TEST(bodies, say_where_a_bucket_is_to_be) {
  EXPECT_EQ(read_create_bucket(""), "");
  EXPECT_EQ(read_create_bucket("<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint></"
                               "CreateBucketConfiguration>"),
            "eu");
}

TEST(xml_writer, escapes_text_and_closes_what_is_open) {
  xml_writer document("A", false);
  document.open("B").element("C", "<&>\"\n").element("D", true).element("E", std::uint64_t{7}).element("F", "text");
  EXPECT_EQ(
      document.finish(),
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A><B><C>&lt;&amp;&gt;&quot;&#10;</C><D>true</D><E>7</E><F>text"
      "</F></B></A>");
}

}  // namespace
}  // namespace eunomia::wire::s3
