using System;
using System.Collections.Generic;
using BranchXR.Frames;
using BranchXR.Nodes;
using BranchXR.Panels;
using UnityEngine;

namespace BranchXR
{
    /// <summary>A branch in the scene: put it on one object, give it settings, and press Play.</summary>
    /// <remarks>
    /// Everybody in the branch stands below this object, in its axes. Nothing here waits for Python: a script
    /// that blocks, or a Python that is killed, costs no frame.
    /// </remarks>
    [AddComponentMenu("BranchXR/Branch Stage")]
    [DisallowMultipleComponent]
    public sealed partial class BranchStage : MonoBehaviour
    {
        private const int FenceDeadlineMs = 250, StopDeadlineMs = 1000;
        private const double PoseIntervalMs = 50, EarlyMs = 6;

        [SerializeField] private BranchSettings settings;
        [SerializeField, Tooltip("What others look like: children Head, Left and Right are moved. Empty: bare transforms.")]
        private GameObject avatar;
        [SerializeField, Tooltip("The player's head, such as the XR camera. Empty: the player has no body of their own here.")]
        private Transform head;
        [SerializeField] private Transform leftHand;
        [SerializeField] private Transform rightHand;
        [SerializeField, Tooltip("What stands on the floor and carries the head: moved to where the branch puts the player.")]
        private Transform rig;

        private readonly Dictionary<BranchPerson, BranchBody> bodies = new Dictionary<BranchPerson, BranchBody>();
        private readonly Dictionary<int, BranchPerson> bySlot = new Dictionary<int, BranchPerson>();
        private BranchNodes nodes;
        private BranchPuppets puppets;
        private LiveNodes live;
        private BranchSession session;
        private readonly AnchorWatch anchors = new AnchorWatch();
        private Action<AnchorPlaceRow> onArrived;
        private double poseSentMs;
        private bool isPlaced, isHidden;

        /// <summary>What it is doing.</summary>
        public BranchState State { get { return session == null ? BranchState.Off : session.State; } }

        /// <summary>What is wrong, or was last; null while nothing is.</summary>
        public BranchError Fault { get { return session == null ? null : session.Fault; } }

        /// <summary>Everybody who is in the branch, the player included.</summary>
        public ICollection<BranchPerson> People { get { return Session.People.Values; } }

        /// <summary>Told once for each error, on the main thread.</summary>
        public event Action<BranchError> Faulted;

        internal BranchSession Session
        {
            get { return session ?? (session = Made()); }
        }

        /// <summary>Which carrier to use instead of that of the settings.</summary>
        internal Func<BranchSettings, IBranchCarrier> MakeCarrier = BranchCarriers.Make;

        /// <summary>Set what the inspector sets.</summary>
        public void Configure(BranchSettings newSettings, Transform newRig, Transform newHead)
        {
            settings = newSettings;
            rig = newRig;
            head = newHead;
        }

        /// <summary>Return the transform of somebody's head, or null while nothing was seen of them.</summary>
        public Transform HeadOf(BranchPerson person)
        {
            BranchBody found;
            return bodies.TryGetValue(person, out found) ? found.Head : null;
        }

        /// <summary>The panels that are open.</summary>
        public BranchPanels Panels { get { return Session.Panels; } }

        /// <summary>What the player is asked to sign.</summary>
        public Confirmations Confirmations { get { return Session.Confirmations; } }

        /// <summary>Nodes that scripts have made.</summary>
        public BranchNodes Nodes { get { return nodes ?? (nodes = new BranchNodes(transform, null)); } }

        private LiveNodes Live { get { return live ?? (live = new LiveNodes(transform)); } }

        internal BranchPuppets Puppets { get { return puppets ?? (puppets = new BranchPuppets(transform, () => avatar)); } }

        // --- messages of Unity ---

        private void OnEnable()
        {
            if (settings == null)
            {
                OnFault(new BranchError(
                    "settings_missing", "expected BranchSettings, got none", name, "make one with Create > BranchXR > Settings"));
                return;
            }
            try { Session.Start(settings, MakeCarrier(settings)); }
            catch (BranchError error) { OnFault(error); }
        }

        private void OnDisable()
        {
            if (session == null) return;
            if (BranchReload.IsUnderWay) session.Fence(FenceDeadlineMs);
            else session.Stop(StopDeadlineMs);
        }

        // The player takes the headset off, or goes to another app: scripts may wait with what nobody sees. Unity
        // says once at the start that nothing is paused.
        private void OnApplicationPause(bool isPaused)
        {
            if (session == null || isPaused == isHidden) return;
            isHidden = isPaused;
            new VisibleRecord { IsVisible = !isPaused }.Write(session.Fresh());
            session.Put();
        }

        private void Update()
        {
            if (session != null) session.Frame();
        }

        private void LateUpdate()
        {
            if (session == null || session.State != BranchState.Running) return;
            ShowBodies();
            Live.Show();
            SendPose();
        }

        // --- inside ---

        private BranchSession Made()
        {
            var made = new BranchSession();
            made.Faulted += OnFault;
            made.Entered += person => bySlot[person.Slot] = person;
            made.Left += OnLeft;
            made.Placed += OnPlaced;
            made.AnchorsShown += OnAnchors;
            made.Greeted += OnGreeted;
            made.Spawned += OnSpawned;
            made.Moved += move => Nodes.Move(move.Nodes, move.Positions, move.Rotations);
            made.Removed += OnRemoved;
            made.LiveMoved += move => Live.Move(move.Paths, move.Positions, move.Rotations);
            Listen(made);
            return made;
        }

        private void OnFault(BranchError error)
        {
            Debug.LogError("BranchXR: " + error.Message, this);
            if (Faulted != null) Faulted(error);
        }

        // Everything that holds is said anew: by a host that came back, or to code that was exchanged.
        private void OnGreeted()
        {
            anchors.Clear();
            Nodes.Clear();
            Puppets.Clear();
            Live.Clear();
        }

        private void OnSpawned(SpawnRecord spawn)
        {
            if (spawn.Model == "puppet")
            {
                Puppets.Spawn(spawn.Nodes);
                session.Block.Puppets.Rewind(); // their poses may have come first
            }
            else Nodes.Spawn(spawn.Model, spawn.Nodes, spawn.Positions, spawn.Rotations);
        }

        private void OnRemoved(RemoveRecord gone)
        {
            Nodes.Remove(gone.Nodes);
            Puppets.Remove(gone.Nodes);
        }

        private void OnAnchors(AnchorPlaceRow[] anchors)
        {
            foreach (AnchorPlaceRow one in anchors)
            {
                BranchAnchor.Place(
                    one.Path, one.Kind, new Vector3(one.X, one.Y, one.Z),
                    new Quaternion(one.TurnX, one.TurnY, one.TurnZ, one.TurnW), transform);
            }
        }

        private void OnArrived(AnchorPlaceRow anchor)
        {
            new ArrivedRecord { Anchor = anchor.Path, Kind = anchor.Kind }.Write(session.Fresh());
            session.Put();
        }

        private void OnLeft(BranchPerson person)
        {
            BranchPerson there;
            if (bySlot.TryGetValue(person.Slot, out there) && there == person) bySlot.Remove(person.Slot);
            BranchBody gone;
            if (!bodies.TryGetValue(person, out gone)) return;
            bodies.Remove(person);
            gone.Destroy();
        }

        private void OnPlaced(PlaceRecord place)
        {
            isPlaced = true;
            if (rig == null) return;
            rig.position = transform.TransformPoint(Axes.Position(new Vector3(place.X, place.Y, place.Z)));
            if (!place.Turns) return;
            var turn = new Quaternion(0, (float)Math.Sin(place.Yaw / 2), 0, (float)Math.Cos(place.Yaw / 2));
            rig.rotation = transform.rotation * Axes.Viewer(turn);
        }

        private void ShowBodies()
        {
            int count = session.Bodies.Sample(session.NowMs);
            ShownBody[] shown = session.Bodies.Shown;
            for (int index = 0; index < count; index++)
            {
                if (shown[index].Slot == session.You.Slot) continue;
                BranchPerson person;
                // A frame may come before its presence: the next one will do.
                if (!bySlot.TryGetValue(shown[index].Slot, out person)) continue;
                BranchBody body;
                if (!bodies.TryGetValue(person, out body)) bodies[person] = body = new BranchBody(person.Name, avatar, transform);
                body.Pose(ref shown[index].Body, shown[index].Flags);
            }
            Puppets.Show(session.Block.Puppets);
        }

        // 20 Hz at any frame rate above it: half a frame early rather than a whole one late.
        private void SendPose()
        {
            double now = session.NowMs;
            if (head == null || !isPlaced || now - poseSentMs < PoseIntervalMs - EarlyMs) return;
            poseSentMs = now;
            var body = new Body { Head = Place(head), HeadRotation = Turn(head) };
            PoseFlags flags = PoseFlags.None;
            if (leftHand != null && rightHand != null)
            {
                flags = PoseFlags.Hands | PoseFlags.Tracked;
                body.Left = Place(leftHand);
                body.LeftRotation = Turn(leftHand);
                body.Right = Place(rightHand);
                body.RightRotation = Turn(rightHand);
            }
            session.PutPose(ref body, flags, session.CellAt(body.Head));
            anchors.Look(session.Anchors, body.Head, onArrived ?? (onArrived = OnArrived));
        }

        private Vector3 Place(Transform part) { return Axes.Position(transform.InverseTransformPoint(part.position)); }

        private Quaternion Turn(Transform part)
        {
            return Axes.Viewer(Quaternion.Inverse(transform.rotation) * part.rotation);
        }
    }
}
