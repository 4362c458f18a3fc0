using System;
using System.Collections.Generic;
using System.Text;
using BranchXR.Nodes;
using BranchXR.Panels;
using UnityEngine;

namespace BranchXR.Samples
{
    /// <summary>A branch without a branch: people, a panel and a payment, all made up here.</summary>
    [AddComponentMenu("BranchXR/Samples/Hello Branch")]
    public sealed class HelloBranch : MonoBehaviour
    {
        // Ids as Python gives them out: index and generation, flat.
        private static readonly uint[] People = { 0, 1, 1, 1, 2, 1 };
        private static readonly float[] Unturned = new float[0];

        // What a branch sends to be signed: canonical JSON (RFC 8785). Its bytes are shown and hashed as they are.
        private const string Payment =
            "{\"amount\":\"12.50\",\"creditor\":{\"account\":\"FLOWERS-7\",\"name\":\"Flower shop\"},\"currency\":\"EUR\"," +
            "\"debtor\":\"ACC-1\",\"exp\":1767225720,\"iat\":1767225600,\"id\":\"hello-1\",\"nonce\":" +
            "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"op\":\"payment\",\"reference\":\"tulips\",\"rp\":\"localhost\"," +
            "\"sid\":\"hello\",\"typ\":\"branchxr.intent/1\",\"user\":\"you\"}";

        private readonly float[] places = new float[9];
        private readonly BranchPanels panels = new BranchPanels();
        private BranchNodes nodes;
        private Confirmations confirmations;
        private GUIStyle plain;

        /// <summary>What happened last.</summary>
        public string Said { get; private set; }

        private void Awake()
        {
            nodes = new BranchNodes(transform, null);
            confirmations = new Confirmations(OnOutcome);
            panels.Pressed += OnPressed;
        }

        private void OnEnable()
        {
            Said = "";
            // Positions are in the branch's axes: metres, right-handed, +Y up.
            BranchAnchor.Place("counter", "counter", new Vector3(0f, 0f, -2f), Quaternion.identity, transform);
            Walk();
            nodes.Spawn("box", People, places, Unturned);
            panels.Open(new BranchPanel(
                "hello", "Hello", "This branch is offline.\n<b>Markup</b> is drawn as it is.", "counter",
                new[] { new PanelField("name", "Your name", "") },
                new[] { new PanelButton("pay", "Buy tulips for 12.50 EUR"), new PanelButton("close", "Close") }));
        }

        private void OnDisable()
        {
            confirmations.Clear();
            panels.Clear();
            nodes.Clear();
        }

        private void Update()
        {
            confirmations.Tick(Time.realtimeSinceStartupAsDouble);
            Walk();
            nodes.Move(People, places, Unturned);
        }

        private void Walk()
        {
            for (int person = 0; person < 3; person++)
            {
                double angle = Time.timeAsDouble * 0.5 + person * 2.1;
                places[person * 3] = (float)Math.Cos(angle) * 1.5f;
                places[person * 3 + 1] = 0.85f;
                places[person * 3 + 2] = (float)Math.Sin(angle) * 1.5f - 2f;
            }
        }

        private void OnPressed(BranchPanel panel, string button)
        {
            if (button == "close") panels.Close(panel.Name);
            else confirmations.Ask("hello-1", Encoding.UTF8.GetBytes(Payment), "localhost");
        }

        private void OnOutcome(ConfirmationOutcome outcome)
        {
            Said = outcome.Shown == null
                ? "Not paid: " + outcome.RefusedCode
                : "Would be signed: " + BitConverter.ToString(outcome.Shown, 0, 4) + "... Nothing was paid, this is offline.";
        }

        private void OnGUI()
        {
            // Text of scripts, and names that people gave themselves, must never be markup.
            if (plain == null) plain = new GUIStyle(GUI.skin.label) { richText = false, wordWrap = true };
            Confirmation question = confirmations.Current;
            if (question != null)
            {
                Ask(question);
                return; // nothing of a script's beside the bank's own question
            }
            foreach (BranchPanel panel in new List<BranchPanel>(panels.All)) Draw(panel);
            GUILayout.Label(Said, plain);
        }

        private void Ask(Confirmation question)
        {
            GUILayout.Label("Your bank asks you to confirm", plain);
            foreach (KeyValuePair<string, string> row in question.Rows)
            {
                GUILayout.Label(row.Key + ": " + row.Value, plain);
            }
            if (GUILayout.Button("Decline")) question.Decline();
            else if (GUILayout.Button("Pay")) question.Approve();
        }

        private void Draw(BranchPanel panel)
        {
            GUILayout.Label(panel.Title, plain);
            GUILayout.Label(panel.Text, plain);
            foreach (PanelField field in panel.Fields)
            {
                GUILayout.Label(field.Label, plain);
                panel[field.Name] = GUILayout.TextField(panel[field.Name]);
            }
            foreach (PanelButton button in panel.Buttons)
            {
                if (GUILayout.Button(button.Label)) panels.Press(panel, button.Name);
            }
        }
    }
}
