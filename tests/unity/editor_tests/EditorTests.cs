using System.Collections.Generic;
using System.IO;
using System.Reflection;
using BranchXR.Editor;
using NUnit.Framework;
using UnityEditor;
using UnityEditor.Build;
using UnityEditor.Build.Reporting;
using UnityEngine;
using UnityEngine.Stub;

namespace BranchXR.EditorTests
{
    public sealed class EditorTests
    {
        private BranchSettings settings;

        [SetUp]
        public void Begin()
        {
            LogBook.IsLoud = false;
            EditorDriver.Reset();
            UnityEngine.Stub.Screen.Presses.Clear();
            settings = BranchAssets.Make();
        }

        [TearDown]
        public void End()
        {
            Player.Quit();
            BranchReload.IsUnderWay = false;
        }

        private static List<string> Codes()
        {
            return ProjectChecks.Run(BuildTargetGroup.Standalone).ConvertAll(finding => finding.Error.Code);
        }

        private static void Build()
        {
            var checks = new BuildChecks();
            checks.OnPreprocessBuild(BuildReport.For(BuildTargetGroup.Standalone));
        }

        [Test]
        public void AFreshProjectBesideTheGameIsReady()
        {
            CollectionAssert.IsEmpty(Codes());
            Build();
            Assert.AreEqual("BranchSettings", settings.name);
        }

        [Test]
        public void WithoutSettingsTheWindowMakesThem()
        {
            EditorDriver.Assets.Clear();
            CollectionAssert.AreEqual(new[] { "settings_missing" }, Codes());
            Build();
            UnityEngine.Stub.Screen.Presses.Add("Correct it");
            EditorDriver.Send(ScriptableObject.CreateInstance<BranchWindow>(), "OnGUI");
            CollectionAssert.IsEmpty(Codes());
            Assert.IsTrue(EditorDriver.Assets.ContainsKey(BranchAssets.DefaultPath));
        }

        [Test]
        public void InProcessWantsMonoAndTheFramework()
        {
            settings.carrier = CarrierKind.InProcess;
            EditorDriver.Backend = ScriptingImplementation.IL2CPP;
            CollectionAssert.IsSubsetOf(new[] { "backend_refused", "api_level_refused" }, Codes());
            string said = Assert.Throws<BuildFailedException>(Build).Message;
            StringAssert.Contains("IL2CPP", said);
            StringAssert.Contains("choose Mono", said);
            EditorDriver.Backend = ScriptingImplementation.Mono2x;
            UnityEngine.Stub.Screen.Presses.Add("Correct it");
            BranchSettingsProvider.Create().OnGUI("");
            Assert.AreEqual(ApiCompatibilityLevel.NET_4_6, EditorDriver.ApiLevel);
            CollectionAssert.DoesNotContain(Codes(), "api_level_refused");
        }

        [Test]
        public void APythonThatIsNotThereIsFoundBeforePlay()
        {
            settings.python = "/nowhere/python";
            CollectionAssert.AreEqual(new[] { "python_missing" }, Codes());
            BranchError error = ProjectChecks.Run(BuildTargetGroup.Standalone)[0].Error;
            Assert.AreEqual("Assets/BranchSettings.asset, Python", error.Place);
            Build();
            settings.python = "python3"; // from the path: known when it is started
            CollectionAssert.IsEmpty(Codes());
        }

        [Test]
        public void OnlyAReloadDuringPlayFences()
        {
            EditorDriver.Load(typeof(BranchWindow).Assembly);
            AssemblyReloadEvents.RaiseBefore();
            Assert.IsFalse(BranchReload.IsUnderWay);
            EditorApplication.isPlaying = true;
            AssemblyReloadEvents.RaiseBefore();
            Assert.IsTrue(BranchReload.IsUnderWay);
        }

        [Test]
        public void TheMenuMakesAStageWhereItWasAsked()
        {
            Player.Begin();
            var parent = new GameObject("room");
            parent.SetActive(false); // nothing starts
            BranchWindow.MakeStage(new MenuCommand(parent));
            var made = (GameObject)Selection.activeObject;
            Assert.AreSame(parent.transform, made.transform.parent);
            Assert.IsNotNull(made.GetComponent<BranchStage>());
            EditorDriver.Drawn.Clear();
            EditorDriver.Send(ScriptableObject.CreateInstance<BranchWindow>(), "OnGUI");
            CollectionAssert.Contains(EditorDriver.Drawn, "Branch Stage: Off");
            CollectionAssert.DoesNotContain(EditorDriver.Drawn, "Set-up");
        }

        [Test]
        public void TheWindowShowsTheHostsLog()
        {
            string folder = Path.Combine(Path.GetTempPath(), "branchxr-" + System.Guid.NewGuid().ToString("N"));
            Player.Folder = folder;
            Directory.CreateDirectory(RunFolder.Path);
            File.WriteAllText(HostPlan.LogIn(RunFolder.Path), "the script raised ValueError\n");
            EditorDriver.Send(ScriptableObject.CreateInstance<BranchWindow>(), "OnGUI");
            CollectionAssert.Contains(EditorDriver.Drawn, "None: the script raised ValueError");
            Directory.Delete(folder, true);
        }

        [Test]
        public void EveryMenuEntryAndProviderIsStatic()
        {
            int found = 0;
            foreach (System.Type type in typeof(BranchWindow).Assembly.GetTypes())
            {
                foreach (MethodInfo method in type.GetMethods(
                    BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
                {
                    bool isEntry = method.IsDefined(typeof(MenuItem), false)
                        || method.IsDefined(typeof(SettingsProviderAttribute), false);
                    if (!isEntry) continue;
                    Assert.IsTrue(method.IsStatic, method.Name);
                    found++;
                }
            }
            Assert.AreEqual(3, found);
        }
    }
}
