//! Files that must do no harm: each is refused, or kept as something that cannot.

use entity::identity::user::UserRole;
use tests::{Plan, TestApp, eventually};

use super::content::{Entry, archive, claiming, docx, entry, pdf, png};
use super::{AVATAR, DOCUMENT, given};
use service::upload::setting;

/// What is sent, and what is heard.
struct Bad {
    what: &'static str,
    door: &'static str,
    name: &'static str,
    kind: &'static str,
    content: Vec<u8>,
    verdict: &'static str,
}

const MISMATCH: &str = "422 upload.type_mismatch";
const DAMAGED: &str = "422 upload.damaged";
const TYPE: &str = "415 upload.type_not_allowed";
const NAME: &str = "422 invalid";
const LARGE: &str = "413 upload.too_large";

fn bad(
    what: &'static str,
    name: &'static str,
    kind: &'static str,
    content: impl AsRef<[u8]>,
    verdict: &'static str,
) -> Bad {
    Bad {
        what,
        door: DOCUMENT,
        name,
        kind,
        content: content.as_ref().to_vec(),
        verdict,
    }
}

fn wrong_types() -> Vec<Bad> {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let page = "<!DOCTYPE html><script>alert(1)</script>";
    let program = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";
    let gif = b"GIF89a\x01\0\x01\0\0\0\0;";
    vec![
        bad("a program as a document", "a.pdf", "", program, MISMATCH),
        bad("a program as a table", "a.csv", "", program, MISMATCH),
        bad("a program by its name", "a.exe", "", program, TYPE),
        bad(
            "two extensions",
            "a.pdf.exe",
            "application/pdf",
            pdf("x"),
            TYPE,
        ),
        bad("no extension", "README", "text/plain", "text", TYPE),
        bad("a page as a text", "a.txt", "text/plain", page, MISMATCH),
        bad("a page by its name", "a.html", "text/html", page, TYPE),
        bad(
            "a page in a notebook",
            "a.md",
            "",
            "\u{feff}\n<HTML>",
            MISMATCH,
        ),
        bad("a drawing that runs", "a.svg", "image/svg+xml", svg, TYPE),
        bad(
            "a drawing as a picture",
            "a.png",
            "image/png",
            svg,
            MISMATCH,
        ),
        bad("a drawing as a text", "a.txt", "", svg, MISMATCH),
        bad("a picture as a document", "a.pdf", "", gif, MISMATCH),
        bad(
            "said to be a picture",
            "a.pdf",
            "image/png",
            pdf("x"),
            MISMATCH,
        ),
        bad("said to be a page", "a.txt", "text/html", "text", MISMATCH),
        bad(
            "in another alphabet",
            "a.txt",
            "text/plain; charset=utf-16",
            "text",
            TYPE,
        ),
        bad(
            "text of two bytes a letter",
            "a.txt",
            "",
            b"\xff\xfea\0b\0",
            MISMATCH,
        ),
        bad("text that is none", "a.txt", "", b"a\xc3(", MISMATCH),
        bad("text with a zero", "a.txt", "", b"a\0b", MISMATCH),
        bad("a script as data", "a.json", "", "alert(1)", MISMATCH),
        bad(
            "data that breaks off",
            "a.json",
            "",
            "{\"a\": [1, 2",
            MISMATCH,
        ),
    ]
}

fn two_things_at_once() -> Vec<Bad> {
    let zipped = [pdf("x"), archive(&[entry("a.txt")])].concat();
    let led = [b"<script>alert(1)</script>".as_slice(), &pdf("x")].concat();
    let behind = [png(2, 2), b"<?php".to_vec()].concat();
    let hidden = [b"GIF89a".as_slice(), &docx(&[])].concat();
    let longer = [docx(&[]), b"more".to_vec()].concat();
    vec![
        bad("an archive behind a document", "a.pdf", "", zipped, DAMAGED),
        bad("a script before a document", "a.pdf", "", led, MISMATCH),
        bad("a script behind a picture", "a.png", "", behind, DAMAGED),
        bad("a package behind a picture", "a.docx", "", hidden, MISMATCH),
        bad("something behind a package", "a.docx", "", longer, DAMAGED),
    ]
}

fn packages() -> Vec<Bad> {
    let whole = docx(&[]);
    let with = |more: Entry| docx(&[more]);
    let bomb = Entry {
        unpacked: 0xf000_0000,
        ..entry("word/media/image1.png")
    };
    let shared = Entry {
        packed: 1_000_000,
        ..entry("word/media/image1.png")
    };
    let sealed = Entry {
        flags: 1,
        ..entry("word/styles.xml")
    };
    let table = archive(&[entry("[Content_Types].xml"), entry("xl/workbook.xml")]);
    vec![
        bad(
            "a package that breaks off",
            "a.docx",
            "",
            &whole[..whole.len() - 30],
            DAMAGED,
        ),
        bad(
            "a package of anything",
            "a.docx",
            "",
            archive(&[entry("a")]),
            DAMAGED,
        ),
        bad("a table as a text", "a.docx", "", table, DAMAGED),
        bad(
            "a way out",
            "a.docx",
            "",
            with(entry("../../etc/passwd")),
            DAMAGED,
        ),
        bad(
            "a way to the top",
            "a.docx",
            "",
            with(entry("/etc/passwd")),
            DAMAGED,
        ),
        bad(
            "another way out",
            "a.docx",
            "",
            with(entry("word\\..\\a")),
            DAMAGED,
        ),
        bad(
            "macros",
            "a.docx",
            "",
            with(entry("word/vbaProject.bin")),
            DAMAGED,
        ),
        bad("a bomb", "a.docx", "", with(bomb), DAMAGED),
        bad(
            "a bomb that shares its bytes",
            "a.docx",
            "",
            with(shared),
            DAMAGED,
        ),
        bad("a sealed entry", "a.docx", "", with(sealed), DAMAGED),
        bad(
            "one name twice",
            "a.docx",
            "",
            with(entry("word/document.xml")),
            DAMAGED,
        ),
    ]
}

fn names_and_sizes() -> Vec<Bad> {
    let long: &'static str = Box::leak(format!("{}.txt", "a".repeat(252)).into_boxed_str());
    vec![
        bad("a path", "../../etc/passwd.txt", "", "text", NAME),
        bad("a path of another system", "..\\boot.txt", "", "text", NAME),
        bad("the path to the top", "/etc/a.txt", "", "text", NAME),
        bad(
            "letters that turn round",
            "fdp.\u{202e}txt",
            "",
            "text",
            NAME,
        ),
        bad(
            "letters that do not show",
            "a\u{200b}.txt",
            "",
            "text",
            NAME,
        ),
        bad("a bell", "a\u{7}.txt", "", "text", "400 malformed"),
        bad("no name", "", "", "text", NAME),
        bad("only dots", "..", "", "text", NAME),
        bad("a long name", long, "", "text", NAME),
        bad("nothing", "a.txt", "", "", "422 upload.empty"),
        bad("too much", "a.txt", "", "x".repeat(70_000), LARGE),
        bad("a document cut off", "a.pdf", "", &pdf("x")[..20], DAMAGED),
        bad(
            "a picture cut off",
            "a.jpg",
            "",
            b"\xff\xd8\xff\xe0 and",
            DAMAGED,
        ),
    ]
}

fn avatars() -> Vec<Bad> {
    let whole = png(20, 20);
    let mut broken = whole.clone();
    let middle = broken.len() / 2 + 20;
    broken[middle] ^= 0xff;
    let svg = "<svg xmlns='http://www.w3.org/2000/svg'/>";
    let list = [
        (
            "a drawing",
            "a.svg",
            "image/svg+xml",
            svg.as_bytes().to_vec(),
            TYPE,
        ),
        (
            "a drawing as a picture",
            "a.png",
            "image/png",
            svg.as_bytes().to_vec(),
            TYPE,
        ),
        ("a document", "a.pdf", "", pdf("x"), TYPE),
        ("a bitmap", "a.bmp", "", b"BM\x1a\0\0\0\0\0".to_vec(), TYPE),
        (
            "a bomb of pixels",
            "a.png",
            "",
            claiming(60_000, 60_000, 1),
            DAMAGED,
        ),
        (
            "too many pixels",
            "a.png",
            "",
            claiming(201, 200, 200),
            DAMAGED,
        ),
        ("no pixels", "a.png", "", claiming(0, 0, 0), DAMAGED),
        (
            "cut off",
            "a.png",
            "",
            whole[..whole.len() / 2].to_vec(),
            DAMAGED,
        ),
        ("broken", "a.png", "", broken, DAMAGED),
        ("under another name", "a.gif", "", whole.clone(), MISMATCH),
        ("under another type", "a.png", "image/gif", whole, MISMATCH),
        ("a head alone", "a.gif", "", b"GIF89a".to_vec(), DAMAGED),
        (
            "a frame alone",
            "a.webp",
            "",
            b"RIFF\x20\0\0\0WEBPVP8 \0\0\0\0".to_vec(),
            DAMAGED,
        ),
        (
            "too much",
            "a.png",
            "",
            [png(2, 2), vec![0; 70_000]].concat(),
            LARGE,
        ),
        ("nothing", "a.png", "", Vec::new(), "422 upload.empty"),
        ("a path", "../a.png", "", png(2, 2), NAME),
    ];
    let bad = list.map(|(what, name, kind, content, verdict)| Bad {
        what,
        door: AVATAR,
        name,
        kind,
        content,
        verdict,
    });
    bad.into()
}

#[tokio::test]
async fn bad_files_are_refused_and_leave_nothing() {
    let plan = given(|given| {
        given
            .with(&setting::DOCUMENT_BYTES, &65_536)
            .with(&setting::AVATAR_BYTES, &65_536)
            .with(&setting::AVATAR_PIXELS, &40_000)
    });
    let table = [
        wrong_types(),
        two_things_at_once(),
        packages(),
        names_and_sizes(),
        avatars(),
    ];
    let table: Vec<Bad> = table.into_iter().flatten().collect();
    assert!(table.len() >= 45, "{}", table.len());
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        for bad in &table {
            let answer = ann.upload(bad.door, bad.name, bad.kind, &bad.content).await;
            let what = (bad.what, bad.name);
            assert_eq!(answer.verdict(), bad.verdict, "{what:?}: {}", answer.body);
        }
        assert_eq!(app.row_counts().await["uploads"], 0, "{}", app.engine);
        eventually(async || app.stored().is_empty().then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn forms_that_are_none_are_refused() {
    let part = |name: &str| {
        format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{name}\"; \
             filename=\"a.txt\"\r\n\r\ntext\r\n"
        )
    };
    let (file, other) = (part("file"), part("other"));
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for (what, form, verdict) in [
            ("no part", "--frontier--\r\n".to_owned(), NAME),
            ("another part", format!("{other}--frontier--\r\n"), NAME),
            ("two parts", format!("{file}{file}--frontier--\r\n"), NAME),
            ("one more", format!("{file}{other}--frontier--\r\n"), NAME),
            (
                "cut off in the file",
                file[..file.len() - 4].to_owned(),
                "400 malformed",
            ),
            ("cut off behind it", file.clone(), "400 malformed"),
            (
                "cut off in the head",
                file[..30].to_owned(),
                "400 malformed",
            ),
            ("nothing", String::new(), "400 malformed"),
        ] {
            let answer = ann.form(DOCUMENT, form.into_bytes()).await;
            assert_eq!(answer.verdict(), verdict, "{what}: {}", answer.body);
        }
        let json = ann.post(DOCUMENT, serde_json::json!({})).await;
        assert_eq!(json.verdict(), "415 unsupported_media_type");
        assert_eq!(app.row_counts().await["uploads"], 0);
        eventually(async || app.stored().is_empty().then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_file_that_comes_too_slowly_is_given_up() {
    let mut plan = Plan::default();
    plan.timeouts.body = std::time::Duration::from_millis(200);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let begun = b"--frontier\r\nContent-Disposition: form-data; name=\"file\"; \
                      filename=\"a.txt\"\r\n\r\nthe beginning of a text";
        let answer = super::stall(
            &app,
            &ann,
            "POST",
            DOCUMENT,
            begun,
            &[("content-type", "multipart/form-data; boundary=frontier")],
        );
        let answer = answer.await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert_eq!(app.row_counts().await["uploads"], 0);
        eventually(async || app.stored().is_empty().then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn what_hides_in_a_picture_is_not_kept() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let script = b"<script>alert(document.cookie)</script>";
        let hidden = [png(300, 20), script.to_vec()].concat();
        let answer = ann.upload(AVATAR, "me.png", "image/png", &hidden).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let content = ann.get(answer.body["content"].as_str().unwrap()).await;
        assert_eq!(content.headers["content-type"], "image/png");
        assert_eq!(content.headers["x-content-type-options"], "nosniff");
        for word in [&b"<script"[..], b"secret of the camera", b"tEXt"] {
            let found = content.bytes.windows(word.len()).any(|some| some == word);
            assert!(!found, "{}", String::from_utf8_lossy(word));
        }
        app.stop().await;
    }
}
